"""The tail: value at risk and expected shortfall, from outcomes or from the normal law.

Filtered historical simulation (Barone-Adesi, Giannopoulos & Vosper 1999) feeds these with returns standardised by the
volatility known before each, and multiplies the result by the present volatility.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel

Vector = NDArray[np.float64]

LEVELS = (0.95, 0.975, 0.99)
_ROUNDING = 1e-9  # n · level is meant exactly: 0.95 · 340 is 323 and not a hair above


@kernel
def value_at_risk(ordered: Vector, level: float) -> float:
    """Smallest loss that a share ``level`` of the outcomes does not exceed.

    ordered  (n,)    signed returns, ascending (worst first)
    level    (0, 1)  0.99: one outcome in a hundred is worse
    -> ratio, positive is a loss; nan for none. The lower empirical quantile of the losses (``inverted_cdf``).
    """
    n = ordered.size
    if n == 0:
        return math.nan
    not_worse = math.ceil(n * level - _ROUNDING)
    return -ordered[n - max(not_worse, 1)]


@kernel
def expected_shortfall(ordered: Vector, level: float) -> float:
    """Mean loss over the worst ``1 - level`` share of outcomes.

    ordered  (n,)    signed returns, ascending (worst first)
    level    (0, 1)  0.99 averages the worst 1 %; a fractional last outcome counts by its share
    -> ratio, positive is a loss; nan for none. Source: Acerbi & Tasche (2002).
    """
    n = ordered.size
    if n == 0:
        return math.nan
    tail = n * (1.0 - level)
    total = 0.0
    for i in range(math.ceil(tail)):
        total -= min(tail - i, 1.0) * ordered[i]
    return total / tail


def normal_tail(level: float) -> tuple[float, float]:
    """Value at risk and expected shortfall of a standard normal outcome.

    level  (0, 1)
    -> both in standard deviations, positive is a loss: 2.326 and 2.665 at 0.99
    """
    quantile = NormalDist().inv_cdf(level)
    return quantile, NormalDist().pdf(quantile) / (1.0 - level)
