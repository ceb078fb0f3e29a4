"""The health of a feed: what is wrong with the data is told once, and marks the figures until it is mended."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from stream.core.market.stage import MarketStage
from stream.settings import Settings
from stream.wire.codec import encode
from stream.wire.events import Alert, Quote, RiskSnapshot, Trade
from stream.wire.records import Slice

START = 1_740_819_600_000
SETTINGS = Settings()
Tick = Trade | Quote


def trade(second: float, number: int = 0, **fields: Any) -> Trade:
    """A trade at 100."""
    return Trade(symbol="S", at=START + round(1000 * second), price=100.0, size=1.0, sequence=number, **fields)


def quote(second: float, bid: float = 99.9, ask: float = 100.1) -> Quote:
    """A top of the book."""
    return Quote(symbol="S", at=START + round(1000 * second), bid=bid, ask=ask)


def run(
    ticks: Sequence[Tick], *, lead_ms: int = 0, cut: int = 10_000, stage: MarketStage | None = None, first: int = 0
) -> tuple[list[Alert], list[RiskSnapshot], MarketStage]:
    """What a stage says of ticks, fed so many at a time, whose event times are ahead of their record timestamps."""
    stage = stage or MarketStage(0, SETTINGS)
    alerts, snapshots = [], []
    for begin in range(0, len(ticks), cut):
        piece = ticks[begin : begin + cut]
        records = Slice(
            topic="ticks",
            partition=0,
            offset=np.arange(first + begin, first + begin + len(piece)),
            produced=np.array([tick.at - lead_ms for tick in piece], np.int64),
            values=[encode(tick) for tick in piece],
            next_offset=first + begin + len(piece),
        )
        for record in stage.feed(records, now=START).records:
            if record.topic == "alerts":
                alerts.append(msgspec.json.decode(record.value, type=Alert))
            elif record.topic == "risk":
                snapshots.append(msgspec.json.decode(record.value, type=RiskSnapshot))
    return alerts, snapshots, stage


def numbered(numbers: Iterable[int]) -> list[Tick]:
    """A trade each second, with these numbers."""
    return [trade(second, number) for second, number in enumerate(numbers)]


def causes(alerts: list[Alert]) -> list[str]:
    """Which detector told each, all of them of the feed."""
    assert {alert.kind for alert in alerts} <= {"feed"}
    return [alert.detector.name for alert in alerts]


def test_missing_trades_are_told_and_mark_the_figures_for_half_an_hour() -> None:
    """Numbers 21 to 23 are missing; half an hour later the longest window holds no trade from before."""
    numbers = [number for number in range(1, 2_000) if number not in (21, 22, 23)]
    alerts, snapshots, _ = run(numbered(numbers))
    marked = [(snapshot.at - START) // 1000 for snapshot in snapshots if snapshot.untrusted]

    assert causes(alerts) == ["gap"]
    assert alerts[0].sentence == "3 trades are missing in S's feed, by the numbers that the source gives them."
    assert (min(marked), max(marked)) == (20, 1_810)
    assert {snapshot.untrusted for snapshot in snapshots if snapshot.untrusted} == {("gap",)}


def test_trades_that_come_again_change_no_figure() -> None:
    """As they would without them; those out of order within 64 numbers are no repetitions."""
    once = numbered(range(1, 100))
    swapped = [*once[:50], once[51], once[50], *once[52:]]
    again = [*once[:50], once[49], once[49], *once[50:]]
    _, clean, _ = run(once)
    _, repeated, stage = run(again)
    _, _, other = run(swapped)

    assert [snapshot.figures | {"bad_tick_ratio": 0} for snapshot in repeated] == [
        snapshot.figures | {"bad_tick_ratio": 0} for snapshot in clean
    ]
    assert stage.counts["filtered", "repeated"] == 2
    assert other.counts["filtered", "repeated"] == 0


def test_a_source_that_sends_twice_is_told_once() -> None:
    """Every trade comes twice: half of the ticks are repetitions."""
    alerts, snapshots, _ = run([tick for tick in numbered(range(1, 100)) for _ in range(2)])

    assert causes(alerts) == ["repeated_ticks"]
    assert snapshots[-1].untrusted == ("repeated",)


def test_a_book_that_stays_crossed_is_told_and_one_that_uncrosses_is_not() -> None:
    """Crossed for 0.9 s, mended; then for 3 s. Each crossed quote is refused as before."""
    calm = [quote(second) for second in range(100)]
    short = [quote(100 + 0.1 * i, 100.2, 100.0) for i in range(10)]
    long = [quote(110 + 0.5 * i, 100.2, 100.0) for i in range(7)]
    _, before, _ = run([*calm, *short, quote(105)])
    alerts, snapshots, stage = run([*calm, *short, quote(105), *long])
    healed, after, _ = run([quote(120 + second) for second in range(30)], stage=stage, first=1_000)

    assert not any(snapshot.untrusted for snapshot in before)
    assert causes(alerts) == ["crossed_book"]
    assert alerts[0].sentence == "S's book has been crossed for 1.0 s: every bid above its ask."
    assert "crossed" in snapshots[-1].untrusted
    assert stage.counts["filtered", "crossed"] == 17
    assert (healed, "crossed" in after[-1].untrusted) == ([], False)


def test_a_book_that_is_crossed_from_the_first_quote_on_is_told_of_its_time() -> None:
    """No tick of the symbol was taken yet, so there is no newest one."""
    alerts, snapshots, _ = run([quote(0.5 * i, 100.2, 100.0) for i in range(7)])

    assert causes(alerts) == ["crossed_book"]
    assert alerts[0].at == snapshots[0].at == START + 1_000


@pytest.mark.parametrize(
    ("lead_seconds", "told"), [(-31, True), (31, True), (29, False), (3_599, True), (3_601, False), (-86_400, False)]
)
def test_a_clock_that_is_off_is_told_unless_it_is_a_recording(lead_seconds: int, *, told: bool) -> None:
    """Thirty seconds are borne; from an hour on it is no live feed."""
    alerts, snapshots, _ = run([quote(second) for second in range(100)], lead_ms=1000 * lead_seconds)

    assert causes(alerts) == ["clock_skew"] * told
    assert snapshots[-1].untrusted == ("skewed",) * told
    if told:
        side = "ahead of" if lead_seconds > 0 else "behind"
        assert alerts[0].sentence == f"S's event times are {abs(lead_seconds)}.0 s {side} their record timestamps."


def test_a_silent_symbol_marks_its_figures() -> None:
    """Another symbol's ticks move the clock; the mark goes with the first tick after the silence."""
    alone = [quote(second) for second in range(60)]
    others = [msgspec.structs.replace(quote(60 + second), symbol="T") for second in range(2_000)]
    alerts, snapshots, stage = run([*alone, *others])
    _, after, _ = run([quote(2_070 + 10 * i) for i in range(3)], stage=stage, first=10_000)

    assert causes(alerts) == ["stale"]
    assert [snapshot.untrusted for snapshot in snapshots if snapshot.symbol == "S"][-1] == ("stale",)
    assert after[-1].untrusted == ()


@pytest.mark.parametrize("cut", [1, 7, 64])
def test_it_does_not_depend_on_how_ticks_are_fed(cut: int) -> None:
    """Gaps, repetitions, crossings and a clock off, in slices of any size: the same bytes."""
    chance = np.random.default_rng(3)
    numbers = np.cumsum(chance.choice([0, 0, 1, 1, 1, 5], 300)) + 1
    ticks: list[Tick] = []
    for second, number in enumerate(numbers.tolist()):
        sides = (99.9, 100.1) if chance.random() < 0.6 else (100.2, 100.0)
        ticks += [trade(second, number), quote(second + 0.5, *sides)]
    whole = run(ticks, lead_ms=40_000)
    cut_up = run(ticks, lead_ms=40_000, cut=cut)

    assert whole[:2] == cut_up[:2]
    assert {"gap", "crossed", "skewed"} <= {why for snapshot in whole[1] for why in snapshot.untrusted}
    assert whole[2].counts == cut_up[2].counts
