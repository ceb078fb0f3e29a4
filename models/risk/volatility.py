"""Volatility: exponentially weighted, realised, and bipower, which a lone jump leaves almost untouched."""

import math

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel

Vector = NDArray[np.float64]

RISKMETRICS_DECAY = 0.94


@kernel
def ewma_step(total: float, weight: float, value: float, decay: float) -> tuple[float, float]:
    """Take one return into an exponentially weighted variance; the variance is ``total / weight``.

    total, weight  >= 0    state, both 0 before the first
    value                  signed return
    decay          (0, 1)  RiskMetrics uses 0.94; dividing by the weights makes the young estimate unbiased
    -> the next (total, weight). Source: J.P. Morgan/Reuters, RiskMetrics (1996); mean taken as zero.
    """
    return decay * total + value * value, decay * weight + 1.0


@kernel
def realised_volatility(returns: Vector) -> float:
    """Square root of the sum of squared returns, over the span they cover (not annualised).

    returns  (n,) signed, finite
    -> ratio >= 0; nan for none. Source: Andersen, Bollerslev, Diebold & Labys (2003).
    """
    if returns.size == 0:
        return math.nan
    total = 0.0
    for value in returns:
        total += value * value
    return math.sqrt(total)


@kernel
def bipower_volatility(returns: Vector) -> float:
    """Volatility of one return from products of neighbours, in which a lone jump hardly counts.

    returns  (n,) signed, in time order
    -> ratio >= 0 per return; nan below two. Source: Barndorff-Nielsen & Shephard (2004); Lee & Mykland (2008) judge
    a return by its ratio to this, taken over the returns before it.
    """
    if returns.size < 2:
        return math.nan
    total = 0.0
    for i in range(1, returns.size):
        total += abs(returns[i]) * abs(returns[i - 1])
    return math.sqrt(0.5 * math.pi * total / (returns.size - 1))
