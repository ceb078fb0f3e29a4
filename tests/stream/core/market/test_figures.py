"""Every figure on every snapshot against a recomputation of the whole tape."""

import math
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.core.market.figures import FIGURES
from stream.settings import Market
from stream.wire.events import RiskSnapshot, TickEvent
from tests.stream.core.market.oracle import Oracle
from tests.stream.core.market.tape import a_rough_tape, a_stage, feed


def differences(tape: list[TickEvent], market: Market, snapshots: list[RiskSnapshot]) -> tuple[list[str], set[str]]:
    """Compare each snapshot with the oracle; returns what differs, and the figures that were ever known."""
    oracle = Oracle(market)
    wrong: list[str] = []
    known: set[str] = set()
    by_offset: dict[int, list[RiskSnapshot]] = {}
    for snapshot in snapshots:
        if snapshot.cause != "stale":  # read before the tick is applied, by the clock and not by the symbol's time
            by_offset.setdefault(snapshot.source.offset, []).append(snapshot)
    for offset, tick in enumerate(tape):
        oracle.take(tick)
        theirs = oracle.figures() if offset in by_offset else {}
        for snapshot in by_offset.get(offset, []):
            for name in FIGURES:
                ours = snapshot.figures[name]
                known |= set() if ours is None else {name}
                if not same(name, math.nan if ours is None else ours, theirs[name]):
                    wrong.append(f"{name} at {offset} ({snapshot.cause}): {ours} != {theirs[name]}")
    return wrong, known


def same(name: str, ours: float, theirs: float) -> bool:
    """To 1e-9; Roll's root of a covariance near zero doubles its rounding's digits."""
    loose = 1e-7 if name == "roll_spread" else 1e-12
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=loose) or (math.isnan(ours) and math.isnan(theirs))


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_figure_is_that_of_the_whole_tape_at_once(seed: int) -> None:
    """Half-minute bars, 3 s between ticks, so that all windows fill; a snapshot every 5 minutes and on breaches."""
    tape = a_rough_tape(4_500, seed=seed, gap=3.0)
    seen = feed(a_stage(bar_seconds=30, snapshot_seconds=300, max_late_seconds=10_000), tape)

    wrong, known = differences(tape, Market(bar_seconds=30), seen.snapshots)

    assert wrong == []
    assert known == set(FIGURES)


def test_a_window_beyond_the_memory_is_unknown_instead_of_wrong() -> None:
    """One-second bars: the day's ring holds 1,440 of them, so half an hour can't be told and five minutes can."""
    tape = a_rough_tape(12_000, seed=7, gap=0.2, silences=0.0)
    seen = feed(a_stage(bar_seconds=1, snapshot_seconds=500, max_late_seconds=10_000), tape)

    wrong, _ = differences(tape, Market(bar_seconds=1), seen.snapshots)

    assert wrong == []
    assert seen.snapshots[-1].figures["realised_volatility_30m"] is None
    assert seen.snapshots[-1].figures["realised_volatility_5m"] is not None


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_screen_refuses_what_the_oracle_refuses(seed: int) -> None:
    """Fate by fate, counted: outliers, wide and crossed quotes, superseded ones, ticks of a closed bar."""
    tape = a_rough_tape(2_000, seed=seed)
    seen = feed(a_stage(max_late_seconds=10_000), tape)
    oracle = Oracle(Market())

    fates = Counter(oracle.take(tick) for tick in tape)

    assert {key[1]: n for key, n in seen.counts.items() if key[0] == "filtered"} == fates - Counter(scored=len(tape))
