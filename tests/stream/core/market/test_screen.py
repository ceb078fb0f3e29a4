"""The screen on bad ticks put there on purpose, and on two days of raw TAQ with theirs left in."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stream.core.market.breaches import NOTE
from stream.core.market.clock import find_stale, new_clock
from stream.core.market.codes import OUTLIER, SCORED, WIDE
from stream.core.market.kernel import Columns, walk
from stream.core.market.limits import limits_of
from stream.core.market.row import blank_rows
from stream.settings import Market
from stream.wire.events import Trade
from tests.stream.core.market.tape import START, a_calm_tape, a_stage, a_trade, feed

DIRTY = Path(__file__).parents[4].parent / "shared/data/ticks-dirty-taq"


def test_bad_prints_are_refused_and_good_ones_are_not() -> None:
    """One trade in fifty is off by 1 to 20 %, in a calm hour: all of these are refused, and none of the others."""
    rng = np.random.default_rng(8)
    tape = a_calm_tape(3_600, seed=8)
    trades = [i for i, tick in enumerate(tape) if isinstance(tick, Trade)]
    for i in rng.choice(trades[20:], 72, replace=False).tolist():
        good = tape[i]
        assert isinstance(good, Trade)
        off = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.01, 0.2))
        tape[i] = a_trade((good.at - START) / 1_000, round(good.price * (1.0 + off), 2))

    seen = feed(a_stage(), tape)

    assert {key[1]: n for key, n in seen.counts.items() if key[0] == "filtered"} == {"outlier": 72}


def test_three_prints_within_a_millisecond_don_t_confirm_each_other_but_over_time_do() -> None:
    """A sweep reported at a wrong price comes at once; a market that moved keeps trading there."""
    calm = [tick for tick in a_calm_tape(600) if isinstance(tick, Trade)]
    sweep = [*calm, *[a_trade(600, 120.0) for _ in range(5)]]
    moved = [*calm, *[a_trade(600 + i, 120.0) for i in range(5)]]

    assert feed(a_stage(), sweep).counts["filtered", "outlier"] == 5
    assert feed(a_stage(), moved).counts["filtered", "outlier"] == 2


def test_standing_quotes_outvote_trades_at_another_level() -> None:
    """Late reports of BAC on 2013-10-07 at 17:07 came in a run, 2 % off a market quoted one cent wide."""
    calm = a_calm_tape(600)
    run = [a_trade(600 + 10 * i, 102.3) for i in range(10)]

    assert feed(a_stage(), [*calm, *run]).counts["filtered", "outlier"] == 10


def raw_taq() -> pd.DataFrame:
    """Trades (price) and quotes (bid, ask) of the two days in New York hours plus five, merged by time."""
    trades = pd.read_parquet(DIRTY / "sampleTDataRaw.parquet").rename(columns={"PRICE": "price", "SIZE": "size"})
    quotes = pd.read_parquet(DIRTY / "sampleQDataRaw.parquet").rename(columns={"BID": "bid", "OFR": "ask"})
    both = pd.concat([trades[["DT", "price", "size"]], quotes[["DT", "bid", "ask"]]])
    return both.sort_values("DT", kind="stable").reset_index(drop=True)


def fates(tape: pd.DataFrame) -> "pd.Series[int]":
    """What becomes of each tick of one symbol: a code of ``codes``."""
    n = len(tape)
    column = {name: tape[name].to_numpy(np.float64) for name in ("price", "size", "bid", "ask")}
    columns = Columns(
        key=np.zeros(n, np.int64),
        offset=np.arange(n),
        at=tape["DT"].to_numpy().astype("datetime64[ms]").astype(np.int64),
        is_trade=tape["price"].notna().to_numpy().astype(np.int64),
        side=np.zeros(n, np.int64),
        bid_size=np.ones(n),
        ask_size=np.ones(n),
        sequence=np.zeros(n, np.int64),
        produced=np.zeros(n, np.int64),
        **column,
    )
    rows, clock, limits = blank_rows(1), new_clock(), limits_of(Market())
    fate, dirty, notes = np.zeros(n, np.int64), np.zeros(1, np.int64), np.zeros(1024, NOTE)
    i = 0
    while i < n:
        i, _ = walk(rows, columns, i, limits, clock, fate, dirty, notes)
        find_stale(rows, 1, limits, clock, i, dirty, notes)
    return pd.Series(fate)


def off_centre(tape: pd.DataFrame) -> "tuple[pd.Series[float], pd.Series[float]]":
    """How far trades, and the farther side of two-sided quotes, are off a centred median of 51, relative."""
    mid = ((tape["bid"] + tape["ask"]) / 2).where((tape["bid"] > 0) & (tape["ask"] > 0)).dropna()
    centre = mid.rolling(51, center=True, min_periods=5).median().reindex(tape.index)
    sides = pd.concat([(tape["bid"] / centre - 1).abs(), (tape["ask"] / centre - 1).abs()], axis=1).max(axis=1)
    level = tape["price"].dropna().rolling(51, center=True, min_periods=5).median().reindex(tape.index)
    return (tape["price"] / level - 1).abs(), sides


@pytest.mark.skipif(not DIRTY.exists(), reason="needs ../shared/data/ticks-dirty-taq")
def test_raw_taq_is_cleaned_nearly_as_well_as_with_hindsight() -> None:
    """Against a centred median, which knows the future (after ``rmOutliersQuotes`` of R's highfrequency).

    In regular hours 6,557 quotes have a side more than 2 % off: stubs far from the market; 97 % of them are refused.
    Of 111,774 with both sides within 0.1 %, three are. Of 72,141 trades three are refused, all of them strays.
    """
    tape = raw_taq()
    fate = fates(tape)
    trades, quotes = off_centre(tape)
    clock = tape["DT"].dt.strftime("%H:%M")
    regular = (clock >= "14:40") & (clock < "20:59")
    stubs, good, strays = regular & (quotes > 0.02), regular & (quotes < 0.001), regular & (trades > 0.003)

    assert stubs.sum() > 6_000
    assert (fate[stubs] == WIDE).mean() > 0.97
    assert (fate[good] != SCORED).mean() < 1e-4
    assert (fate[strays] == OUTLIER).all()
    assert (trades[regular & (fate == OUTLIER)] > 0.0015).all()
