"""Segments of customers by what they do: how often, how much and at how many places they pay.

Medians and counts, so that a few frauds do not move a customer: a segment of those who were robbed would only say so.
No attribute of a person is read. Who has too few payments to tell is the first segment.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.dataset import Ints
from models.detector import Matrix, Vector
from stream.errors import ModelError

BEHAVIOUR = ("customer_count_30d", "amount", "amount_to_median_30d", "distinct_terminals_30d")
FIGURES = 3  # made of them: payments, median amount, payments at one place
LEAST_HISTORY = 10.0  # payments in 30 days
LITTLE_KNOWN = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Centres in the space of :func:`behaviour`, scaled.

    center, scale  (3,)
    centroids      (k, 3) of segments 1 … k, ascending by the customer's median amount
    """

    center: Vector
    scale: Vector
    centroids: Matrix

    def __post_init__(self) -> None:
        width = FIGURES
        if self.center.shape != (width,) or self.scale.shape != (width,) or self.centroids.shape[1:] != (width,):
            raise ModelError(f"segments: expected centres of {width} figures, was {self.centroids.shape}")

    @property
    def count(self) -> int:
        """Segments, with that of the little known."""
        return len(self.centroids) + 1

    def assign(self, x: Matrix) -> Ints:
        """Find the segment of each payment's customer, by the 30 days before it.

        x  (n, 4) columns of ``BEHAVIOUR``
        -> (n,) 0 where too little is known, else 1 + the nearest centre
        """
        scaled = (behaviour(x) - self.center) / self.scale
        distance = ((scaled[:, None, :] - self.centroids) ** 2).sum(axis=2)
        nearest = 1 + np.argmin(np.nan_to_num(distance, nan=np.inf), axis=1)
        return np.where(is_known(x), nearest, LITTLE_KNOWN)


def is_known(x: Matrix) -> NDArray[np.bool_]:
    """Tell of whom enough is known to tell a segment, ``(n, 4) → (n,)``."""
    return (x[:, 0] >= LEAST_HISTORY) & ~np.isnan(x).any(axis=1)


def behaviour(x: Matrix) -> Matrix:
    """Turn columns of ``BEHAVIOUR`` ``(n, 4)`` into logarithms ``(n, 3)`` of which distances mean something."""
    count, amount, to_median, places = x.T
    median = np.log(np.maximum(amount, 0.01)) - np.log(np.maximum(to_median, 1e-6))
    return np.column_stack((np.log1p(count), median, np.log1p(count) - np.log1p(places)))
