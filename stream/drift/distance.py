"""How far a sample stands from a reference: population stability index, Kolmogorov–Smirnov, from counts per bin."""

import math

import numpy as np

from stream.wire.columns import Floats, Ints

_TENTHS = 10
_TERMS = 100  # of a series that is exact long before


def coarse(share: Floats) -> Ints:
    """Group fine bins into about ten of equal share, which is what the usual limits of the index are meant for.

    share  (b,) of the reference per fine bin, the last one for "no value", which stays by itself
    -> (b,) the group of each, from 0
    """
    middle = np.cumsum(share[:-1]) - share[:-1] / 2.0
    groups = np.minimum((middle / max(share[:-1].sum(), 1e-12) * _TENTHS).astype(np.int64), _TENTHS - 1)
    numbers = np.unique(groups, return_inverse=True)[1]
    return np.append(numbers, numbers.max(initial=-1) + 1).astype(np.int64)


def psi(expected: Floats, counts: Ints) -> float:
    """Population stability index ``Σ (q - p) ln(q / p)`` over groups of the reference.

    expected  (b,)  shares of the reference, summing to 1
    counts    (b,)  of the sample
    ->        ≥ 0   0: equal; .1 is worth a look, .25 is another population
    Half a payment is added to every group, so that an empty one gives no infinity. About ``(b - 1) / n`` without drift.
    Source: Siddiqi (2006); Yurdakul (2018) for its distribution.
    """
    groups = coarse(expected)
    p = np.bincount(groups, expected)
    q = (np.bincount(groups, counts) + 0.5) / (counts.sum() + 0.5 * p.size)
    p = np.maximum(p, 0.5 / (counts.sum() + 0.5 * p.size))
    return float(((q - p) * np.log(q / p)).sum())


def ks(expected: Floats, counts: Ints) -> float:
    """Kolmogorov–Smirnov distance, 0 … 1: the largest gap between the two running shares, over all bins."""
    return float(np.abs(np.cumsum(expected) - np.cumsum(counts) / max(int(counts.sum()), 1)).max())


def ks_chance(distance: float, n: int) -> float:
    """Chance of a distance as large from ``n`` independent payments of the reference, by the limit for large ``n``.

    Ties make it smaller, so this errs towards silence. Source: Kolmogorov (1933); Stephens (1970) for small ``n``.
    """
    size = (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(max(n, 1))) * distance
    if size < 0.3:  # the series converges slowly there, and its sum is 1 to six places
        return 1.0
    terms = (2.0 * (-1.0) ** (k - 1) * math.exp(-2.0 * (k * size) ** 2) for k in range(1, _TERMS + 1))
    return min(max(sum(terms), 0.0), 1.0)
