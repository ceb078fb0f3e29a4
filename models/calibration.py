"""Calibration, on a window later than training: a threshold from an alert budget, and scores to probabilities."""

from dataclasses import dataclass

import numpy as np

from models.dataset import Ints
from models.detector import Vector
from stream.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A rising table from score to probability of fraud, ``(k,)`` each, read by linear interpolation."""

    score: Vector
    probability: Vector

    def __post_init__(self) -> None:
        rising = len(self.score) == len(self.probability) > 0 and not (np.diff(self.score) <= 0).any()
        if not rising or (np.diff(self.probability) < 0).any():
            raise ModelError(f"calibration: expected a rising table, was {len(self.score)} scores out of order")

    def __call__(self, score: Vector) -> Vector:
        """Probability per score ``(n,) → (n,)``; outside the table the nearest end holds."""
        return np.interp(score, self.score, self.probability)


def conformal_threshold(genuine: Vector, *, budget: float) -> float:
    """Lowest threshold that at most ``budget`` of genuine events will reach, whatever their distribution.

    genuine  (n,)    scores of genuine events later than training, exchangeable with those to come
    budget   (0, 1)  share of genuine events that may be alerted on
    -> score just above the ⌈(n + 1)(1 - budget)⌉-th smallest, so that "at or above" means strictly beyond it
    Raises ModelError below ``1 / budget`` events. Source: Vovk, Gammerman & Shafer (2005), split conformal.
    """
    rank = int(np.ceil((len(genuine) + 1) * (1.0 - budget)))
    if rank > len(genuine):
        raise ModelError(f"calibration: expected at least {int(1 / budget)} genuine events, was {len(genuine)}")
    return float(np.nextafter(np.partition(genuine, rank - 1)[rank - 1], np.inf))


def fit_calibration(score: Vector, fraud: Ints) -> Calibration:
    """Pool adjacent violators: the best rising table from score to share of frauds.

    score, fraud  (n,) of a window whose labels are all known
    -> ``Calibration`` through the centre of each pool; a pool of n with k frauds says ``(k + p) / (n + 1)``, where p is
       the window's share of frauds, so that none says 0 or 1
    Source: Barlow et al. (1972); Zadrozny & Elkan (2002).
    """
    order = np.argsort(score, kind="stable")
    values, firsts, sizes = np.unique(score[order], return_index=True, return_counts=True)
    frauds = np.add.reduceat(fraud[order], firsts)
    pools: list[list[float]] = []  # frauds, events, sum of scores
    for value, count, hits in zip(values.tolist(), sizes.tolist(), frauds.tolist(), strict=True):
        pools.append([hits, count, value * count])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
    base = float(fraud.mean())
    table = np.array([(total / n, (hits + base) / (n + 1.0)) for hits, n, total in pools])
    return Calibration(score=table[:, 0], probability=np.maximum.accumulate(table[:, 1]))
