"""The stage: what it tells and holds back, what it refuses, and that batches, replays and restarts change nothing."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.core.market.stage import MarketStage
from stream.wire.events import Alert, TickEvent
from tests.stream.core.market.tape import (
    NOW,
    START,
    Seen,
    a_calm_tape,
    a_quote,
    a_rough_tape,
    a_slice,
    a_stage,
    a_trade,
    feed,
)

HOUR = 3_600


def kinds(alerts: list[Alert]) -> list[tuple[str, str]]:
    """Kind and detector of each."""
    return [(alert.kind, alert.detector.name) for alert in alerts]


def rows_of(stage: MarketStage) -> dict[str, bytes]:
    """All rows by symbol."""
    return {name: stage.state.rows[k].tobytes() for k, name in enumerate(stage.state.names)}


def after_calm(extra: list[TickEvent], **market: object) -> Seen:
    """What is seen after a calm hour, of what comes next."""
    stage = a_stage(**market)
    calm = a_calm_tape(HOUR)
    assert feed(stage, calm).alerts == []
    return feed(stage, extra, first=len(calm))


def crash(factor: float, *, start: int = HOUR, seconds: int = 30) -> list[TickEvent]:
    """The tape goes on at a price ``factor`` times the last."""
    price = a_calm_tape(HOUR)[-1].price * factor  # type: ignore[union-attr]  # a calm tape ends with a trade
    ticks: list[TickEvent] = []
    for i in range(seconds):
        ticks.append(a_quote(start + i, round(price - 0.01, 2), round(price + 0.01, 2)))
        ticks.append(a_trade(start + i + 0.5, round(price, 2)))
    return ticks


def test_a_calm_hour_raises_no_alert_and_a_snapshot_every_ten_seconds() -> None:
    """360 snapshots of the cadence, and one for each of the exceedances a 99 % value at risk must have."""
    seen = feed(a_stage(), a_calm_tape(HOUR))

    causes = Counter(snapshot.cause for snapshot in seen.snapshots)

    assert seen.alerts == []
    assert causes["cadence"] in range(350, 361)
    assert set(causes) <= {"cadence", "value_at_risk"}


def test_a_fall_of_two_per_cent_within_a_minute_is_told_in_plain_words() -> None:
    """Told by the third trade at the new level, within three seconds, with the usual move beside it."""
    alert = after_calm(crash(0.98)).alerts[0]

    assert (alert.kind, alert.detector.name, alert.severity) == ("market", "jump", "high")
    assert alert.at - START <= 1_000 * (HOUR + 3)
    assert alert.sentence.startswith("AAPL fell 2 % in one minute, ")
    assert alert.sentence.endswith(" times its usual move.")
    assert alert.reasons[0].value is not None
    assert abs(alert.reasons[0].value + 0.02) < 0.001
    assert alert.reasons[0].contribution == alert.score
    assert alert.source.partition == 0
    assert alert.entity.id == "AAPL"


def test_a_fall_beyond_the_limit_from_the_peak_is_told_and_so_is_the_far_worse_jump() -> None:
    """A fall of 12 % is 2.4 limits of drawdown, and a jump of more than twice that ratio, which no cooldown stops."""
    seen = after_calm(crash(0.88), max_drawdown=0.05)

    drawdown, jump = seen.alerts

    assert kinds(seen.alerts) == [("market", "drawdown"), ("market", "jump")]
    assert drawdown.sentence.startswith("AAPL stands 12 % below its peak; the limit is 5 %")
    assert jump.score / jump.threshold > 2.0 * drawdown.score / drawdown.threshold


def test_a_loss_of_three_values_at_risk_in_one_bar_is_told_when_the_bar_ends() -> None:
    """Jumps are set out of the way: the bar slides by 1 %, two basis points a trade at a time."""
    price = a_calm_tape(2 * HOUR)[-1].price  # type: ignore[union-attr]
    slide: list[TickEvent] = [
        a_trade(2 * HOUR + i, round(price * (1.0 - 0.01 * min(i, 59) / 59), 2)) for i in range(90)
    ]
    stage = a_stage(jump_sigmas=1e6)
    calm = a_calm_tape(2 * HOUR)
    feed(stage, calm)
    seen = feed(stage, slide, first=len(calm))

    alert = seen.alerts[0]

    assert kinds(seen.alerts) == [("market", "value_at_risk")]
    assert "times its 99 % value at risk of" in alert.sentence
    assert alert.reasons[0].value is not None
    assert alert.reasons[0].usual is not None
    assert -alert.reasons[0].value > 3.0 * alert.reasons[0].usual > 0.0


def test_a_spread_that_stays_ten_times_its_usual_is_told_once() -> None:
    """Two cents are usual; twenty for a minute. Three seconds of it would not do."""
    tape = a_calm_tape(HOUR)
    price = tape[-1].price  # type: ignore[union-attr]
    wide: list[TickEvent] = [a_quote(HOUR + i, round(price - 0.1, 2), round(price + 0.1, 2)) for i in range(60)]

    seen = after_calm(wide)
    brief = after_calm(wide[:3] + a_calm_tape(60, start=HOUR + 3))

    assert kinds(seen.alerts) == [("liquidity", "liquidity")]
    assert "'s quoted spread is 0.2 % of the price, 9.8 times its usual 0.02 %." in seen.alerts[0].sentence
    assert brief.alerts == []


def test_a_silent_symbol_is_noticed_by_the_ticks_of_another() -> None:
    """AAPL stops after ten minutes, IBM goes on: noticed at the first tick of IBM 300 s later."""
    both = sorted(a_calm_tape(600) + a_calm_tape(1_200, symbol="IBM", seed=2), key=lambda tick: tick.at)
    last = max(tick.at for tick in both if tick.symbol == "AAPL")

    seen = feed(a_stage(), both)

    assert [(alert.detector.name, alert.entity.id) for alert in seen.alerts] == [("stale", "AAPL")]
    assert seen.alerts[0].at == min(tick.at for tick in both if tick.at >= last + 300_000)


def test_a_closed_market_is_not_stale() -> None:
    """The whole partition rests for a night: nobody is told, and the night's return is no bar's."""
    stage = a_stage()
    day = a_calm_tape(HOUR)
    feed(stage, day)
    next_day = feed(stage, a_calm_tape(600, start=20 * HOUR, seed=3), first=len(day))

    assert next_day.alerts == []


def test_a_burst_of_bad_prices_is_told_and_moves_no_figure() -> None:
    """Every second trade is a tenth off for a minute."""
    price = a_calm_tape(HOUR)[-1].price  # type: ignore[union-attr]
    bad: list[TickEvent] = [a_trade(HOUR + i, round(price * (1.0 if i % 2 else 0.9), 2)) for i in range(90)]

    seen = after_calm(bad)

    assert kinds(seen.alerts) == [("feed", "bad_ticks")]
    assert seen.counts["filtered", "outlier"] == 45
    assert seen.snapshots[-1].figures["drawdown"] is not None
    assert seen.snapshots[-1].figures["drawdown"] < 0.02


def test_a_cooldown_holds_back_what_is_not_twice_as_bad() -> None:
    """Falls of 2 % and 3 % within ten minutes: the second is held back and counted; after a cooldown it is told."""
    falls = crash(0.98, seconds=120) + crash(0.95, start=HOUR + 120)

    near = after_calm(falls, max_drawdown=0.9)
    far = after_calm(falls, max_drawdown=0.9, cooldown_seconds=60)

    assert kinds(near.alerts) == [("market", "jump")]
    assert near.counts["held_back", "market"] == 1
    assert kinds(far.alerts) == [("market", "jump")] * 2
    assert len(near.snapshots) == len(far.snapshots)


def test_a_tick_too_far_behind_the_partition_becomes_a_dead_letter() -> None:
    """301 s behind IBM's newest; 299 s behind is still taken."""
    ticks = [a_trade(1_000, 50.0, symbol="IBM"), a_trade(699, 100.0), a_trade(701, 100.0)]

    seen = feed(a_stage(), ticks)

    assert [(letter.reason, letter.source.offset) for letter in seen.dead] == [("late", 1)]
    assert seen.counts["scored", "ticks"] == 2


def test_a_symbol_beyond_the_table_becomes_a_dead_letter() -> None:
    """Room for two symbols: the third is refused, the first two go on."""
    ticks = [a_trade(i, 100.0, symbol=symbol) for i, symbol in enumerate(["A", "B", "C", "A", "C"])]

    seen = feed(a_stage(max_symbols=2), ticks)

    assert [(letter.reason, letter.source.offset) for letter in seen.dead] == [
        ("unknown_symbol", 2),
        ("unknown_symbol", 4),
    ]


def test_a_side_alone_that_crosses_the_other_is_believed() -> None:
    """The standing ask at 10.02 is gone when a bid of 10.05 comes alone, and back with the next ask."""
    stage = a_stage(snapshot_seconds=1)
    seen = feed(stage, [a_quote(0, 10.00, 10.02), a_quote(2, 10.05, 0.0), a_quote(4, 0.0, 10.07)])

    mids = [snapshot.figures["mid"] for snapshot in seen.snapshots]

    assert mids[:2] == [10.01, None]
    assert mids[2] is not None
    assert abs(mids[2] - 10.06) < 1e-12


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_the_batches_change_no_bit(seed: int, steps: list[int]) -> None:
    """One slice of 1,500 ticks, or many of any sizes: the same records, counts and rows."""
    tape = a_rough_tape(1_500, seed=seed, symbols=("A", "B", "C"))
    whole, parts = a_stage(bar_seconds=5), a_stage(bar_seconds=5)
    one = feed(whole, tape, step=len(tape))
    many, start, i = Seen(), 0, 0
    while start < len(tape):
        step = steps[i % len(steps)]
        some = feed(parts, tape[start : start + step], first=start, step=step)
        many.records += some.records
        many.counts.update(some.counts)
        start, i = start + step, i + 1

    assert sorted((r.topic, r.id or "", r.value) for r in many.records) == sorted(
        (r.topic, r.id or "", r.value) for r in one.records
    )
    assert many.counts == one.counts
    assert rows_of(parts) == rows_of(whole)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 900), st.integers(0, 600))
def test_a_crash_changes_nothing(seed: int, marked: int, more: int) -> None:
    """The checkpoint stands at one place, some rows are further on when it dies; the rest is fed again.

    Rows of A reached the changelog after the checkpoint, those of B and C did not. Rows, counts and all that the
    topics hold, by id, are those of the run without a crash.
    """
    tape = a_rough_tape(1_600, seed=seed, symbols=("A", "B", "C"))
    calm = a_stage(bar_seconds=5)
    expected = feed(calm, tape)
    dies = a_stage(bar_seconds=5)
    told = feed(dies, tape, upto=marked).records
    keys, values = dies.state.take_dirty()
    dies.mark(written={"alerts": 7})
    checkpoint = dies.state.checkpoint
    told += feed(dies, tape[marked : marked + more], first=marked).records
    later = [(k, v) for k, v in zip(*dies.state.take_dirty(), strict=True) if k == b"A"]

    lives = a_stage(bar_seconds=5)
    lives.state.load([*keys, *(k for k, _ in later)], [*values, *(v for _, v in later)])
    lives.state.checkpoint = checkpoint
    assert lives.restore() == {"alerts": 7}
    assert lives.resume_at() == ({"ticks": marked} if marked else {})
    told += feed(lives, tape[marked:], first=marked).records

    assert rows_of(lives) == rows_of(calm)
    assert {(r.topic, r.id): r.value for r in told} == {(r.topic, r.id): r.value for r in expected.records}
    total = {key: n for key, n in lives.counts.items() if key[0] in ("events_in", "scored", "dead_lettered")}
    assert total == {key: n for key, n in expected.counts.items() if key in total}


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 1_000))
def test_a_prefix_fed_again_changes_nothing(seed: int, again: int) -> None:
    """Every tick knows whether its row has seen it, even where the stage was told to begin anew."""
    tape = a_rough_tape(1_000, seed=seed, symbols=("A", "B"))
    stage = a_stage(bar_seconds=5)
    feed(stage, tape)
    before = rows_of(stage)
    stage.restore()
    repeated = feed(stage, tape, upto=again)

    assert rows_of(stage) == before
    assert [record for record in repeated.records if record.topic != "dead-letters"] == []


hostile = st.one_of(
    st.binary(max_size=80),
    st.none(),
    st.builds(
        lambda at, bid, ask, size: (
            f'{{"type":"quote/1","symbol":"X","at":{at},"bid":{bid},"ask":{ask},"bid_size":{size}}}'.encode()
        ),
        st.integers(START - 10**7, START + 10**7),
        st.floats(allow_nan=False, allow_infinity=False),
        st.floats(0.0, 1e15),
        st.floats(0.0, 1e15),
    ),
    st.builds(
        lambda at, price, size: f'{{"type":"trade/1","symbol":"X","at":{at},"price":{price},"size":{size}}}'.encode(),
        st.integers(START - 10**7, START + 10**7),
        st.floats(allow_nan=True),
        st.floats(0.0, 1e15),
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(hostile, max_size=60))
def test_nothing_is_lost_whatever_comes(values: list[bytes | None]) -> None:
    """In = scored + dead-lettered, one dead letter each, and no figure is infinite."""
    seen = feed(a_stage(bar_seconds=1, snapshot_seconds=1), values)

    dead = sum(n for key, n in seen.counts.items() if key[0] == "dead_lettered")

    assert seen.counts["events_in", "ticks"] == len(values)
    assert seen.counts["scored", "ticks"] + dead == len(values)
    assert len(seen.dead) == dead
    assert all(np.isfinite(v) for s in seen.snapshots for v in s.figures.values() if v is not None)


def test_an_empty_slice_moves_the_position_on() -> None:
    """Only control records were fetched: nothing to score, but somewhere to commit."""
    stage = a_stage()
    empty = a_slice([], first=0)
    object.__setattr__(empty, "next_offset", 9)

    output = stage.feed(empty, now=NOW)

    assert output.records == []
    assert stage.resume_at() == {"ticks": 9}
