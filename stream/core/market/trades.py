"""Trades: what one trade does to its symbol's row.

A trade that is older than the last one, but of the open bar, adds its size to the bar and to the signed volume where
its side is told; the last price stays. One of a closed bar changes nothing.
"""

import math

from models.compiled import kernel
from models.risk.liquidity import effective_spread, trade_sign
from stream.core.market.bars import price_bar, roll_bar
from stream.core.market.breaches import Notes, judge_move
from stream.core.market.codes import BAD_PRICE, CLOSED_BAR, OUTLIER, SCORED
from stream.core.market.limits import Limits
from stream.core.market.row import BOUNCES, TRADED, TRADES, Row
from stream.core.market.screen import accept, passes
from stream.core.market.usual import usual_spread


@kernel
def take_trade(
    row: Row, limits: Limits, notes: Notes, count: int, at: int, trade: tuple[float, float, float]
) -> tuple[int, int]:
    """Screen and apply one trade ``(price, size, side)``; returns what became of it and the count of notes."""
    price, size, side = trade
    if not (0.0 < price < math.inf and 0.0 <= size < math.inf):
        return BAD_PRICE, count
    bar = at // limits.bar_ms
    if bar < row["bar"]:
        return CLOSED_BAR, count
    fresh = at - min(row["bid_at"], row["ask_at"]) <= limits.stale_ms
    mid = row["mid"] if fresh else math.nan
    if not passes(row, TRADES, price, at, (usual_spread(row), mid), limits.stale_ms):
        return OUTLIER, count
    if at < row["last_at"]:
        row["bar_notional"] += price * size
        row["bar_signed"] += side * size
        return SCORED, count
    accept(row, TRADES, price, at)
    row["newest_at"] = max(row["newest_at"], at)
    count = roll_bar(row, limits, notes, count, bar)
    if not math.isnan(mid):
        row["effective_spread"] = effective_spread(price, mid)
    row["sign"] = side if side != 0.0 else trade_sign(price, row["last"], row["sign"])
    row["bar_notional"] += price * size
    row["bar_signed"] += row["sign"] * size
    row["trade_prices"][row["trades"] % BOUNCES] = price
    row["trades"] += 1
    row["last"] = price
    row["last_at"] = at
    price_bar(row, price, TRADED)
    return SCORED, judge_move(row, limits, notes, count, price)
