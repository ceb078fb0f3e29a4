"""The Handbook's protocol: a week to learn from, a week of delay, a week of test without cards known to be broken into.

Source: Le Borgne, Siblini, Lebichot & Bontempi, Fraud Detection Handbook (2022), ch. 3 and 5.
"""

from dataclasses import dataclass

import numpy as np

from models.dataset import Ints
from stream.core.names import DAY_MS
from stream.errors import ModelError

WEEK = 7  # days to learn from, days of delay, days of test
FOLDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One fold: ``begin`` of the training week in epoch ms, and the rows of both weeks, ascending."""

    begin: int
    train: Ints
    test: Ints


def last_folds(at: Ints, customer: Ints, fraud: Ints) -> list[Fold]:
    """Lay the last four folds that fit, a week apart; on the Handbook's data they are the published ones.

    at               (n,) epoch ms, never falling
    customer, fraud  (n,) card as a number; 1 a fraud
    Raises ModelError where the history is too short.
    """
    end = -(-(int(at[-1]) + 1) // DAY_MS) * DAY_MS if len(at) else 0
    begins = [end - (3 * WEEK + 7 * back) * DAY_MS for back in reversed(range(FOLDS))]
    if not len(at) or begins[0] < int(at[0]):
        days = (end - int(at[0])) / DAY_MS if len(at) else 0.0
        raise ModelError(f"history: expected at least {3 * WEEK + 7 * (FOLDS - 1)} days, was {days:.1f}")
    return [fold(at, customer, fraud, begin) for begin in begins]


def fold(at: Ints, customer: Ints, fraud: Ints, begin: int) -> Fold:
    """Take the rows of the fold whose training week begins at ``begin``, epoch ms.

    A card is left out of test day ``k`` if a fraud of it, from the training week up to ``k`` days after that week, was
    known by then: a bank would have blocked it.
    """
    day = (at - begin) // DAY_MS
    test = []
    for k in range(WEEK):
        known = customer[(day >= 0) & (day < WEEK + k) & (fraud == 1)]
        rows = np.flatnonzero(day == 2 * WEEK + k)
        test.append(rows[~np.isin(customer[rows], known)])
    return Fold(begin=begin, train=np.flatnonzero((day >= 0) & (day < WEEK)), test=np.concatenate(test))
