"""Liquidity: what it costs to trade, how far trading moves the price, and on which side the flow is."""

import math

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel

Vector = NDArray[np.float64]


@kernel
def effective_spread(price: float, mid: float) -> float:
    """What a trade really cost round trip: twice its distance from the mid that prevailed before it, in price units."""
    return 2.0 * abs(price - mid)


@kernel
def roll_spread(prices: Vector) -> float:
    """Spread implied by the bounce of trade prices between bid and ask.

    prices  (n,) of consecutive trades, in time order
    -> 2·sqrt(-cov) of neighbouring price changes, price units; 0 where they don't bounce (covariance positive);
    nan below four prices. Source: Roll (1984).
    """
    n = prices.size - 2  # pairs of neighbouring changes
    if n < 2:
        return math.nan
    mean_first = (prices[n] - prices[0]) / n
    mean_second = (prices[n + 1] - prices[1]) / n
    total = 0.0
    for i in range(n):
        total += (prices[i + 1] - prices[i] - mean_first) * (prices[i + 2] - prices[i + 1] - mean_second)
    return 2.0 * math.sqrt(max(-total / (n - 1), 0.0))


@kernel
def amihud_illiquidity(moves: Vector, notional: Vector) -> float:
    """Mean absolute return per unit of money traded.

    moves     (n,) absolute return of each bar, nan where unknown
    notional  (n,) price times size traded in the bar
    -> ratio per unit of currency over the bars with both; nan for none. Source: Amihud (2002).
    """
    total = 0.0
    count = 0
    for i in range(moves.size):
        if notional[i] > 0.0 and not math.isnan(moves[i]):
            total += moves[i] / notional[i]
            count += 1
    return total / count if count else math.nan


@kernel
def bid_imbalance(before: float, size_before: float, price: float, size: float) -> float:
    """Demand that one update of the best bid added: new size if the bid is no lower, less old size if no higher.

    before, size_before  the bid that stood; price, size  the bid that stands now
    -> units, positive is buying pressure. The ask's part is this on negated prices, negated.
    Source: Cont, Kukanov & Stoikov (2014), equation 4.
    """
    added = size if price >= before else 0.0
    return added - size_before if price <= before else added


@kernel
def trade_sign(price: float, before: float, sign_before: float) -> float:
    """Aggressor by the tick rule: +1 on an uptick, -1 on a downtick, else as the trade before. Lee & Ready (1991)."""
    if price > before:
        return 1.0
    return -1.0 if price < before else sign_before
