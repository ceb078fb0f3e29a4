"""Returns of a simulated market: correlated, fat-tailed, with volatility that clusters.

GARCH(1,1) per symbol (Bollerslev 1986), in units of the long-run deviation: ``r = sqrt(h) e``,
``h' = (1 - alpha - beta) + alpha r² + beta h``. The innovations ``e`` of one step are multivariate Student t of unit
variance: correlated normals over one common root of chi², so that extremes come together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """A stretch of steps.

    standard  (steps, symbols)  returns in units of the long-run deviation
    variance  (steps, symbols)  the conditional variance each was drawn with, mean 1
    after     (symbols,)        the conditional variance of the step that follows
    """

    standard: Matrix
    variance: Matrix
    after: Matrix


def draw_returns(
    rng: np.random.Generator,
    *,
    steps: int,
    loading: Matrix,
    alpha: float,
    beta: float,
    degrees: float,
    variance: Matrix,
) -> Returns:
    """Draw the next ``steps`` returns of each symbol.

    loading   (symbols, symbols)  lower factor of the innovations' correlation
    degrees   > 2                 of freedom of the Student t
    variance  (symbols,)          conditional variance of the first step
    """
    symbols = variance.size
    mixing = np.sqrt((degrees - 2.0) / rng.chisquare(degrees, (steps, 1)))
    innovations = rng.standard_normal((steps, symbols)) @ loading.T * mixing
    gain = alpha * innovations**2 + beta  # h' = omega + (alpha e² + beta) h
    variances = np.empty((steps + 1, symbols))
    variances[0] = variance
    for step in range(steps):  # each variance needs the one before
        variances[step + 1] = (1.0 - alpha - beta) + gain[step] * variances[step]
    return Returns(
        standard=np.sqrt(variances[:-1]) * innovations,
        variance=variances[:-1],
        after=variances[-1].copy(),
    )
