"""Bars: when one ends, its return is judged by what was known before, then enters volatility, tail and windows.

Bars are aligned to the epoch and close on the symbol's first accepted tick of a later one. A return runs between the
closes of bars that had a price; over several bars it is brought to one by the square root of time. Over more than
``stale_seconds`` (a night, a halt) it is no bar's return: the price goes on from there, the return is left out.
"""

import math

import numpy as np

from models.compiled import kernel
from models.risk.returns import per_bar_return, simple_return
from models.risk.tail import LEVELS, expected_shortfall, value_at_risk
from models.risk.volatility import RISKMETRICS_DECAY, bipower_volatility, ewma_step
from stream.core.market.breaches import Notes, judge_loss
from stream.core.market.limits import Limits
from stream.core.market.rings import in_order
from stream.core.market.row import DAY_BARS, FLOW_BARS, LOCAL_BARS, SIMULATED, Row
from stream.core.market.usual import volatility

_MIN_RESIDUALS = 100  # below, filtered historical simulation has no 1 % tail
_ABSURD = 1e6  # a move whose square could drown all others for ever
_P99 = LEVELS.index(0.99)


@kernel
def roll_bar(row: Row, limits: Limits, notes: Notes, count: int, bar: int) -> int:
    """Close the open bar if ``bar`` is a later one, and open that; returns the count of notes."""
    if bar <= row["bar"]:
        return count
    move = math.nan
    if not math.isnan(row["bar_price"]):
        if not math.isnan(row["close"]):
            bars = row["bar"] - row["close_bar"]
            if bars * limits.bar_ms <= max(limits.stale_ms, limits.bar_ms):
                move = simple_return(row["close"], row["bar_price"])
                if abs(move) < _ABSURD:
                    count = _learn(row, limits, notes, count, move, bars)
        row["close"] = row["bar_price"]
        row["close_bar"] = row["bar"]
    if row["bar"] >= 0:
        _keep_flow(row, abs(move))
    row["bar"] = bar
    row["bar_price"] = math.nan
    row["bar_notional"] = 0.0
    row["bar_signed"] = 0.0
    row["bar_imbalance"] = 0.0
    return count


@kernel
def price_bar(row: Row, price: float, basis: int) -> None:
    """Set the price of the open bar; when a quoted symbol begins to trade, bars begin anew on trades."""
    if row["basis"] != basis:
        row["basis"] = basis
        row["close"] = math.nan
        row["close_bar"] = -1
    row["bar_price"] = price


@kernel
def _learn(row: Row, limits: Limits, notes: Notes, count: int, move: float, bars: int) -> int:
    scaled = per_bar_return(move, bars)
    known = volatility(row)
    count = judge_loss(row, limits, notes, count, scaled, row["tail"][0, _P99] * known)
    if known > 0.0:  # false for nan
        row["residual"][row["residuals"] % SIMULATED] = scaled / known
        row["residuals"] += 1
        _measure_tail(row)
    row["ewma_total"], row["ewma_weight"] = ewma_step(row["ewma_total"], row["ewma_weight"], scaled, RISKMETRICS_DECAY)
    row["day_bar"][row["bars"] % DAY_BARS] = row["bar"]
    row["day_return"][row["bars"] % DAY_BARS] = move
    row["local"][row["bars"] % LOCAL_BARS] = scaled
    row["bars"] += 1
    row["local_volatility"] = bipower_volatility(in_order(row["local"], row["bars"]))
    return count


@kernel
def _measure_tail(row: Row) -> None:
    if row["residuals"] < _MIN_RESIDUALS:
        return
    ordered = np.sort(row["residual"][: min(row["residuals"], SIMULATED)])
    for i in range(len(LEVELS)):
        row["tail"][0, i] = value_at_risk(ordered, LEVELS[i])
        row["tail"][1, i] = expected_shortfall(ordered, LEVELS[i])


@kernel
def _keep_flow(row: Row, move: float) -> None:
    slot = row["flows"] % FLOW_BARS
    row["flow_bar"][slot] = row["bar"]
    row["flow_move"][slot] = move
    row["flow_notional"][slot] = row["bar_notional"]
    row["flow_signed"][slot] = row["bar_signed"]
    row["flow_imbalance"][slot] = row["bar_imbalance"]
    row["flows"] += 1
