"""Every figure on every snapshot against a recomputation of the whole tape."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.core.market.figures import FIGURES
from stream.settings import Market
from tests.stream.core.market.oracle import Oracle
from tests.stream.core.market.tape import a_rough_tape, a_stage, feed


def differences(count: int, seed: int, market: Market, gap: float) -> tuple[list[str], set[str]]:
    """Compare each snapshot of a rough tape; returns what differs, and the figures that were ever known."""
    tape = a_rough_tape(count, seed=seed, gap=gap)
    stage = a_stage(bar_seconds=market.bar_seconds, snapshot_seconds=market.snapshot_seconds, max_late_seconds=10_000)
    seen = feed(stage, tape)
    oracle = Oracle(market)
    fates: dict[str, int] = {}
    wrong: list[str] = []
    known: set[str] = set()
    snapshots = iter(seen.snapshots)
    snapshot = next(snapshots, None)
    for offset, tick in enumerate(tape):
        stale = snapshot is not None and snapshot.source.offset == offset and snapshot.cause == "stale"
        if stale:  # told before the tick is applied
            snapshot = next(snapshots, None)
        fate = oracle.take(tick)
        fates[fate] = fates.get(fate, 0) + 1
        if snapshot is None or snapshot.source.offset != offset:
            continue
        figures = oracle.figures()
        while snapshot is not None and snapshot.source.offset == offset:
            for name in FIGURES:
                ours, theirs = snapshot.figures[name], figures[name]
                known |= {name} if ours is not None else set()
                if (ours is None) != math.isnan(theirs) or ours != pytest.approx(theirs, rel=1e-9, abs=1e-9, nan_ok=True) and ours is not None:
                    wrong.append(f"{name} at {offset} ({snapshot.cause}): {ours} != {theirs}")
            snapshot = next(snapshots, None)
    filtered = {reason: n for reason, n in fates.items() if reason != "scored"}
    counted = {key[1]: n for key, n in seen.counts.items() if key[0] == "filtered"}
    wrong += [] if filtered == counted else [f"filtered: {counted} != {filtered}"]
    return wrong, known


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_figure_is_that_of_the_whole_tape_at_once(seed: int) -> None:
    """Half-minute bars, 3 s between ticks, so that all windows fill; a snapshot every 5 minutes and on breaches."""
    wrong, known = differences(4_500, seed, Market(bar_seconds=30, snapshot_seconds=300), gap=3.0)

    assert wrong == []
    assert known == set(FIGURES)


def test_a_window_beyond_the_memory_is_unknown_instead_of_wrong() -> None:
    """One-second bars: the day's ring holds 1,440 of them, so half an hour can't be told and five minutes can."""
    wrong, _ = differences(5_000, 7, Market(bar_seconds=1, snapshot_seconds=500), gap=0.5)

    assert wrong == []
