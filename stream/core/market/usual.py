"""What is usual for a symbol: its volatility, its spread, the size of its moves; nan until enough was seen."""

import math

from models.compiled import kernel
from stream.core.market.row import Row

MIN_BARS = 10  # returns below which a volatility is a guess


@kernel
def volatility(row: Row) -> float:
    """EWMA volatility of one bar's return; nan below ten returns."""
    if row["bars"] < MIN_BARS:
        return math.nan
    return math.sqrt(row["ewma_total"] / row["ewma_weight"])


@kernel
def move_volatility(row: Row) -> float:
    """One deviation of the move since the last close: local volatility over as many bars as the move took.

    Local is the bipower volatility of the last 60 returns, but at least half of the EWMA, so that on a tape of
    mostly zero returns not every tick is a jump.
    """
    local = max(row["local_volatility"], 0.5 * volatility(row))
    return local * math.sqrt(max(row["bar"] - row["close_bar"], 1))


@kernel
def usual_spread(row: Row) -> float:
    """Time-weighted mean of the relative quoted spread with half an hour's memory; nan before the second quote."""
    return row["spread_total"] / row["spread_weight"] if row["spread_weight"] > 0.0 else math.nan


@kernel
def price(row: Row) -> float:
    """The price that bars are made of: the last trade, or the last mid of a symbol that never traded."""
    return row["close"] if math.isnan(row["bar_price"]) else row["bar_price"]
