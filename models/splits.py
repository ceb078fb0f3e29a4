"""Purged splits by time: train, stop, calibrate, test, each later than the one before, never shuffled.

Between training and stopping, and between calibration and test, lies the label delay, so that no verdict used on one
side is about a payment of the other. Source: López de Prado, Advances in Financial Machine Learning (2018), ch. 7.
"""

from dataclasses import dataclass

import numpy as np

from models.dataset import Ints
from stream.core.names import DAY_MS
from stream.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Lengths in days. What lies before the purge before stopping is the training window.

    Its first days, while histories still fill, are learnt from too: every customer is new once.
    """

    delay: float = 7.0  # until a label is known: the purge
    stop: float = 7.0  # early stopping, residual variance
    calibration: float = 14.0
    test: float = 14.0
    min_train: float = 7.0

    @property
    def needed(self) -> float:
        """Shortest history that can be split, in days."""
        return self.min_train + self.delay + self.stop + self.calibration + self.delay + self.test


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Windows ``[from, to)`` in epoch ms. The embargo before ``stop`` and before ``test`` is ``delay`` ms."""

    train: tuple[int, int]
    stop: tuple[int, int]
    calibration: tuple[int, int]
    test: tuple[int, int]
    delay: int

    def __post_init__(self) -> None:
        ordered = (
            self.train[0] < self.train[1]
            and self.train[1] + self.delay <= self.stop[0]
            and self.stop[0] < self.stop[1] <= self.calibration[0]
            and self.calibration[0] < self.calibration[1]
            and self.calibration[1] + self.delay <= self.test[0]
            and self.test[0] < self.test[1]
        )
        if not ordered:
            raise ModelError(f"split: expected train | delay | stop | calibration | delay | test, was {self}")

    def rows(self, at: Ints, window: tuple[int, int]) -> Ints:
        """Row numbers of a window, by event time ``at (n,)`` that never falls."""
        low, high = np.searchsorted(at, window)
        return np.arange(low, high)


def split_by_time(at: Ints, plan: Plan) -> Split:
    """Lay the windows of ``plan`` backwards from the end of the last day to the start of the first.

    at  (n,) event time, epoch ms, never falling
    -> ``Split``, whose windows cover whole days of UTC
    Raises ModelError where the history is shorter than ``plan.needed``.
    """
    first, end = (int(at[0]) // DAY_MS * DAY_MS, -(-(int(at[-1]) + 1) // DAY_MS) * DAY_MS) if len(at) else (0, 0)
    if end - first < plan.needed * DAY_MS:
        raise ModelError(f"history: expected at least {plan.needed:g} days, was {(end - first) / DAY_MS:.1f}")
    delay = int(plan.delay * DAY_MS)
    test = (end - int(plan.test * DAY_MS), end)
    calibration = (test[0] - delay - int(plan.calibration * DAY_MS), test[0] - delay)
    stop = (calibration[0] - int(plan.stop * DAY_MS), calibration[0])
    train = (first, stop[0] - delay)
    return Split(train=train, stop=stop, calibration=calibration, test=test, delay=delay)


def not_known_as_fraud(at: Ints, fraud: Ints, *, delay: int, as_of: int) -> Ints:
    """Rows whose fraud, if any, had no verdict yet at ``as_of``: what an honest training set holds.

    at, fraud  (n,) event time in epoch ms; 1 a fraud
    delay      ms from payment to verdict
    -> row numbers, ascending
    """
    return np.flatnonzero((fraud == 0) | (at + delay > as_of))
