"""Quotes: what one top of book does to its symbol's row.

Equity feeds quote one side at a time, so each side is remembered with its own time. A quote that names both sides
crossed is refused; a single side that crosses the one standing is believed, and the other is gone until it is quoted
again. Locked (bid equal to ask) is a market: spread 0. A side older than ``stale_seconds`` gives no mid. A side
quoted as absent (0) beside a present one leaves the standing one as it is, as one-sided feeds mean it. A quote older
than the standing one is superseded.
"""

import math

from models.compiled import kernel
from models.risk.liquidity import bid_imbalance
from stream.core.market.bars import price_bar, roll_bar
from stream.core.market.breaches import Notes, judge_move, judge_spread
from stream.core.market.codes import BAD_PRICE, CLOSED_BAR, CROSSED, SCORED, SUPERSEDED, WIDE
from stream.core.market.limits import Limits
from stream.core.market.row import ASKS, BIDS, QUOTED, TRADED, Row
from stream.core.market.screen import accept, passes
from stream.core.market.usual import usual_spread

_MEMORY_MS = 1_800_000.0  # of the usual spread
_RECENT_MS = 10_000.0  # of the spread that is held against it
_LONGEST_MS = 60_000  # that one spread is taken to have stood


@kernel
def take_quote(
    row: Row, limits: Limits, notes: Notes, count: int, at: int, quote: tuple[float, float, float, float]
) -> tuple[int, int]:
    """Screen and apply one quote ``(bid, ask, bid size, ask size)``; returns its fate and the count of notes."""
    bid, ask, bid_size, ask_size = quote
    fate = _screen(row, limits, at, quote)
    if fate != SCORED:
        return fate, count
    row["newest_at"] = max(row["newest_at"], at)
    count = roll_bar(row, limits, notes, count, at // limits.bar_ms)
    row["quote_at"] = at
    if bid > 0.0:
        accept(row, BIDS, bid, at)
        if not math.isnan(row["bid"]):
            row["bar_imbalance"] += bid_imbalance(row["bid"], row["bid_size"], bid, bid_size)
        row["bid"], row["bid_size"], row["bid_at"] = bid, bid_size, at
        if ask == 0.0 and row["ask"] < bid:
            row["ask"] = math.nan
    if ask > 0.0:
        accept(row, ASKS, ask, at)
        if not math.isnan(row["ask"]):
            row["bar_imbalance"] -= bid_imbalance(-row["ask"], row["ask_size"], -ask, ask_size)
        row["ask"], row["ask_size"], row["ask_at"] = ask, ask_size, at
        if bid == 0.0 and row["bid"] > ask:
            row["bid"] = math.nan
    return SCORED, _price(row, limits, notes, count, at)


@kernel
def _screen(row: Row, limits: Limits, at: int, quote: tuple[float, float, float, float]) -> int:
    bid, ask, bid_size, ask_size = quote
    if not (0.0 <= bid < math.inf and 0.0 <= ask < math.inf and bid + ask > 0.0):
        return BAD_PRICE
    if not (0.0 <= bid_size < math.inf and 0.0 <= ask_size < math.inf):
        return BAD_PRICE
    if at // limits.bar_ms < row["bar"]:
        return CLOSED_BAR
    if at < row["quote_at"]:
        return SUPERSEDED
    if 0.0 < ask < bid:
        return CROSSED
    market = (usual_spread(row), math.nan)
    good = bid == 0.0 or passes(row, BIDS, bid, at, market, limits.stale_ms)
    if ask > 0.0 and not passes(row, ASKS, ask, at, market, limits.stale_ms):
        good = False
    return SCORED if good else WIDE


@kernel
def _price(row: Row, limits: Limits, notes: Notes, count: int, at: int) -> int:
    """Take mid and spread from the sides that stand, and judge them."""
    _weigh_spread(row, limits, at)
    row["mid"] = math.nan
    row["spread"] = math.nan
    if math.isnan(row["bid"] + row["ask"]) or at - min(row["bid_at"], row["ask_at"]) > limits.stale_ms:
        return count
    row["mid"] = 0.5 * (row["bid"] + row["ask"])
    row["spread"] = (row["ask"] - row["bid"]) / row["mid"]
    count = judge_spread(row, limits, notes, count, at)
    if row["basis"] == TRADED:
        return count
    price_bar(row, row["mid"], QUOTED)
    return judge_move(row, limits, notes, count, row["mid"])


@kernel
def _weigh_spread(row: Row, limits: Limits, at: int) -> None:
    """Let the spread that stood until now count for as long as it stood.

    In the usual spread a wide one counts at most as the limit, so that a withdrawal is not soon usual; in the recent
    one as twice the limit, so that a quote alone must stand for seconds to be a withdrawal.
    """
    stood = at - row["spread_at"]
    row["spread_at"] = at
    if stood > limits.break_ms:  # another session: what was usual then is not usual now
        row["spread_total"] = 0.0
        row["spread_weight"] = 0.0
        row["recent_spread"] = math.nan
        return
    spread = row["spread"]
    if math.isnan(spread):
        return
    most = limits.spread_factor * usual_spread(row)
    if math.isnan(most):
        most = spread
    stood = min(stood, _LONGEST_MS)
    keep = math.exp(-stood / _RECENT_MS)
    before = spread if math.isnan(row["recent_spread"]) else row["recent_spread"]
    row["recent_spread"] = keep * before + (1.0 - keep) * min(spread, 2.0 * most)
    keep = math.exp(-stood / _MEMORY_MS)
    row["spread_total"] = keep * row["spread_total"] + (1.0 - keep) * min(spread, most)
    row["spread_weight"] = keep * row["spread_weight"] + (1.0 - keep)
