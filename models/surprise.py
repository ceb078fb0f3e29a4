"""How surprising a residual is: -log of the share of genuine events that have one as large, as a rising table.

Up to a high quantile the share is counted; beyond it a generalised Pareto tail goes on, whose shape is learnt: where
genuine events never go beyond some value (an amount below a limit, say) what does becomes surprising fast, where their
tail is heavy, slowly. Being nats, surprises of independent features add up. Source: Fisher (1932) for the sum; Pickands
(1975) for the tail; Hosking & Wallis (1987) for its probability-weighted moments.
"""

from dataclasses import dataclass

import numpy as np

from models.compiled import kernel
from models.detector import Matrix, Vector
from stream.errors import ModelError

_COUNTED = np.array((0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.96, 0.98))  # quantiles
_BEYOND = np.array((0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0))  # nats above the last
_SHAPES = (-1.0, 0.9)  # of the tail: as sharply ended as a uniform one … almost too heavy for a mean
_LEAST = 1e-6  # between knots, in scales


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprise:
    """Tables of m features, ``(m, k)`` each: size of the residual, rising from 0, and what it is worth in nats."""

    size: Matrix
    nats: Matrix

    def __post_init__(self) -> None:
        fits = self.size.ndim == 2 and self.size.shape == self.nats.shape and self.size.shape[1] > 1
        if not fits or (np.diff(self.size) <= 0).any() or (np.diff(self.nats) < 0).any() or self.size[:, 0].any():
            raise ModelError(f"surprise: expected rising tables from 0, was {self.size.shape} and {self.nats.shape}")


def fit_surprise(residual: Matrix) -> Surprise:
    """Learn the tables from residuals ``(n, m)`` of genuine events later than training, in scales, of either sign."""
    knots = [_table(np.abs(column)) for column in residual.T]
    return Surprise(size=np.array([size for size, _ in knots]), nats=np.array([nats for _, nats in knots]))


@kernel
def nats_of(size: float, sizes: Vector, nats: Vector) -> float:
    """What a residual of ``size >= 0`` is worth by one table; beyond its end it goes on as steeply as it ends."""
    after = 1
    while after < sizes.size - 1 and sizes[after] <= size:
        after += 1
    slope = (nats[after] - nats[after - 1]) / (sizes[after] - sizes[after - 1])
    return nats[after - 1] + (size - sizes[after - 1]) * slope


def surprises(residual: Matrix, tables: Surprise) -> Matrix:
    """What residuals of either sign are worth in nats, ``(n, m) → (n, m)``."""
    told = np.empty(residual.shape)
    _tell(np.abs(residual), tables.size, tables.nats, told)
    return told


@kernel
def _tell(size: Matrix, sizes: Matrix, nats: Matrix, told: Matrix) -> None:
    for i in range(size.shape[0]):
        for j in range(size.shape[1]):
            told[i, j] = nats_of(size[i, j], sizes[j], nats[j])


def _table(size: Vector) -> tuple[Vector, Vector]:
    """Knots of one feature. The last goes on by a nat per scale of the tail, however steep the tail itself ends."""
    counted = np.quantile(size, _COUNTED)
    counted[0] = 0.0
    scale, shape = _tail(size[size > counted[-1]] - counted[-1])
    growth = np.expm1(shape * _BEYOND) / shape if shape else _BEYOND
    beyond = counted[-1] + scale * growth
    sizes = np.concatenate((counted, beyond, [beyond[-1] + scale]))
    nats = np.concatenate((-np.log1p(-_COUNTED), _BEYOND - np.log1p(-_COUNTED[-1])))
    return _rising(sizes), np.append(nats, nats[-1] + 1.0)


def _tail(excess: Vector) -> tuple[float, float]:
    """Scale and shape of a generalised Pareto tail by probability-weighted moments; exponential where they fail."""
    n = excess.size
    if n < 10 or not excess.max() > 0.0:
        return 1.0, 0.0
    rising = np.sort(excess)
    below = (np.arange(n) + 0.65) / n
    mean, weighted = float(rising.mean()), float((rising * (1.0 - below)).mean())
    if mean <= 2.0 * weighted:
        return mean, 0.0
    shape = float(np.clip(2.0 - mean / (mean - 2.0 * weighted), *_SHAPES))
    return mean * (1.0 - shape), shape


def _rising(sizes: Vector) -> Vector:
    """Lift knots that fall together, as they do where many events have the very same residual."""
    steps = np.arange(sizes.size) * _LEAST
    return np.asarray(np.maximum.accumulate(sizes - steps) + steps)
