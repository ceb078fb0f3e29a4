"""Words: from a note of the kernel to the alert and the snapshot that people read."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from stream.core.alerting import alert_id, severity
from stream.core.market.breaches import Notes
from stream.core.market.codes import CAUSES, KIND_OF, STALE
from stream.core.market.feed import reasons_of
from stream.core.market.row import KINDS
from stream.wire.events import Alert, DetectorRef, Entity, Reason, RiskSnapshot, SourceRef

_VERSION = "1"
_FEATURES = (
    "", "move", "drawdown", "bar_return", "quoted_spread_ratio", "silence_seconds", "bad_tick_ratio",
    "trades_missing", "repeated_tick_ratio", "crossed_seconds", "clock_skew_seconds",
)  # fmt: skip
_ACTIONS = (
    "",
    "Look for news; check orders and stops in the symbol.",
    "Review the position against its loss limit.",
    "Review the position against its loss limit.",
    "Hold back market orders; widen or pull quotes.",
    "Check the feed; don't trade on the last price.",
    "Check the feed; prices may be wrong.",
    "Check the feed; volumes and flows lack what is missing.",
    "Check the feed; something sends twice.",
    "Check the feed; don't trade on this book.",
    "Check the clocks (NTP) of the source and of the producer, and for delayed data.",
)
_EVIDENCE = ("last", "bid", "ask", "mid", "volatility_ewma", "value_at_risk_99", "drawdown")


class Note(NamedTuple):
    """One note of the kernel in Python's numbers; the fields are those of ``breaches.NOTE``."""

    tick: int
    row: int
    at: int
    span: int
    cause: int
    told: int
    score: float
    threshold: float
    value: float
    usual: float
    untrusted: int
    figures: list[float | None]  # None: not known


class Cause(NamedTuple):
    """The tick behind a note: where it stands and when it came."""

    source: SourceRef
    produced: int  # record timestamp, epoch ms


def read_notes(notes: Notes) -> list[Note]:
    """Take the kernel's notes over into Python, column by column."""
    figures = notes["figures"].astype(object)
    figures[~np.isfinite(notes["figures"])] = None
    columns = [notes[name].tolist() for name in Note._fields[:-1]]
    return list(map(Note._make, zip(*columns, figures.tolist(), strict=True)))


def name_of(note: Note, symbol: str, source: SourceRef, *, prefix: str = "") -> str:
    """Name an alert or snapshot by its cause; many symbols can fall silent at one tick, so these bear the symbol."""
    detector = prefix + (f"{CAUSES[STALE]}:{symbol}" if note.cause == STALE else CAUSES[note.cause])
    return alert_id(source.topic, source.partition, source.offset, detector)


def snapshot(note: Note, symbol: str, figures: dict[str, float | None], source: SourceRef) -> RiskSnapshot:
    """Make the risk snapshot of a note."""
    return RiskSnapshot(
        id=name_of(note, symbol, source, prefix="risk:"),
        symbol=symbol,
        at=note.at,
        cause=CAUSES[note.cause],
        figures=figures,
        source=source,
        untrusted=reasons_of(note.untrusted),
    )


def alert(
    note: Note, symbol: str, figures: dict[str, float | None], cause: Cause, *, now: int, config: str, bar: int
) -> Alert:
    """Make the alert of a note that is told; ``bar`` is its length in seconds."""
    code, score, threshold = note.cause, note.score, note.threshold
    return Alert(
        id=name_of(note, symbol, cause.source),
        kind=KINDS[KIND_OF[code]],
        severity=severity(score, threshold),
        at=note.at,
        detected_at=now,
        emitted_at=now,
        produced_at=cause.produced,
        entity=Entity(kind="symbol", id=symbol),
        score=score,
        threshold=threshold,
        reasons=(Reason(feature=_FEATURES[code], value=note.value, usual=note.usual, contribution=score),),
        sentence=_SENTENCES[code](note, symbol, bar),
        detector=DetectorRef(name=CAUSES[code], version=_VERSION),
        config=config,
        source=cause.source,
        evidence={"symbol": symbol, **{name: figures[name] for name in _EVIDENCE}},
        action=_ACTIONS[code],
    )


def _jump(note: Note, symbol: str, bar: int) -> str:
    verb = "fell" if note.value < 0 else "rose"
    span = _span(max(bar, note.span // 1000))
    return f"{symbol} {verb} {_percent(abs(note.value))} in {span}, {note.score:.1f} times its usual move."


def _drawdown(note: Note, symbol: str, _: int) -> str:
    return f"{symbol} stands {_percent(note.value)} below its peak; the limit is {_percent(note.threshold)}."


def _loss(note: Note, symbol: str, bar: int) -> str:
    ratio = -note.value / note.usual
    at_risk = _percent(note.usual)
    lost = f"{symbol} lost {_percent(note.score)} in {_span(bar)}"
    return f"{lost}, {ratio:.1f} times its 99 % value at risk of {at_risk}."


def _spread(note: Note, symbol: str, _: int) -> str:
    spread, usual = _percent(note.value), _percent(note.usual)
    return f"{symbol}'s quoted spread is {spread} of the price, {note.score:.1f} times its usual {usual}."


def _stale(note: Note, symbol: str, _: int) -> str:
    return f"{symbol} has been silent for {note.value:.0f} s; a tick every {note.usual:.1f} s is usual."


def _burst(note: Note, symbol: str, _: int) -> str:
    return f"{_percent(note.value)} of {symbol}'s latest ticks were refused as bad prices; nearly none is usual."


def _gap(note: Note, symbol: str, _: int) -> str:
    missed = f"{note.value:.0f} trades are" if note.value > 1 else "1 trade is"
    return f"{missed} missing in {symbol}'s feed, by the numbers that the source gives them."


def _repeats(note: Note, symbol: str, _: int) -> str:
    return f"{_percent(note.value)} of {symbol}'s latest trades had come before."


def _crosses(note: Note, symbol: str, _: int) -> str:
    return f"{symbol}'s book has been crossed for {note.value:.1f} s: every bid above its ask."


def _skew(note: Note, symbol: str, _: int) -> str:
    side = "ahead of" if note.value > 0 else "behind"
    return f"{symbol}'s event times are {abs(note.value):.1f} s {side} their record timestamps."


_SENTENCES: tuple[Callable[[Note, str, int], str], ...] = (
    *(_jump, _jump, _drawdown, _loss, _spread, _stale, _burst),
    *(_gap, _repeats, _crosses, _skew),
)


def _percent(ratio: float) -> str:
    return f"{np.format_float_positional(100 * ratio, precision=2, fractional=False, trim='-')} %"


def _span(seconds: int) -> str:
    if seconds == 60:
        return "one minute"
    if seconds % 60 == 0 and seconds <= 7200:
        return f"{seconds // 60} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds > 7200 else f"{seconds} s"
