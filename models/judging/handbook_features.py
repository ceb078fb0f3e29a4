"""The Handbook's own fifteen features, for the baselines: so that published figures can be met before they are beaten.

They count the payment itself among a customer's, and know a terminal's verdicts seven days late.
Source: Le Borgne et al., Fraud Detection Handbook (2022), ch. 3, baseline feature transformation.
"""

import numpy as np

from models.dataset import Ints
from models.detector import Matrix, Vector
from stream.core.names import DAY_MS

WINDOWS = (1, 7, 30)  # days
DELAY = 7  # days until a verdict is known
_HOUR_MS, _NIGHT = 3_600_000, 6
_SATURDAY, _THURSDAY = 5, 3  # Monday is 0; 1 January 1970 was a Thursday


def handbook_features(at: Ints, customer: Ints, terminal: Ints, amount: Vector, fraud: Ints) -> Matrix:
    """Compute amount, weekend, night; count and mean amount per customer; count and share of frauds per terminal.

    at                  (n,) epoch ms, never falling
    customer, terminal  (n,) numbers from 0
    amount              (n,) currency units
    -> (n, 15); windows end with the payment, those of a terminal ``DELAY`` days before it
    """
    weekend = (at // DAY_MS + _THURSDAY) % 7 >= _SATURDAY
    night = at % DAY_MS // _HOUR_MS <= _NIGHT
    columns: list[Vector] = [amount, weekend.astype(np.float64), night.astype(np.float64)]
    of_customer, of_terminal = _History(customer, at, amount), _History(terminal, at, fraud.astype(np.float64))
    for days in WINDOWS:
        count, total = of_customer.window(0, days * DAY_MS)
        columns += [count, total / np.maximum(count, 1.0)]
    for days in WINDOWS:
        count, frauds = of_terminal.window(DELAY * DAY_MS, (DELAY + days) * DAY_MS)
        columns += [count, np.where(count > 0, frauds / np.maximum(count, 1.0), 0.0)]
    return np.column_stack(columns)


class _History:
    """Counts and sums of each key's values up to any time, by bisection on (key, time) as one rising number."""

    def __init__(self, key: Ints, at: Ints, value: Vector) -> None:
        self._first = int(at.min()) - 100 * DAY_MS
        self._span = int(at.max()) - self._first + 1
        self._key, self._at = key, at
        self._order = np.lexsort((at, key))
        self._place = self._number(key, at)[self._order]
        self._sum = np.concatenate(([0.0], np.cumsum(value[self._order])))

    def window(self, newest: int, oldest: int) -> tuple[Vector, Vector]:
        """Count and sum over ``(at - oldest, at - newest]`` (ms) for each row, ``(n,)`` each."""
        end = np.searchsorted(self._place, self._number(self._key, self._at - newest), side="right")
        begin = np.searchsorted(self._place, self._number(self._key, self._at - oldest), side="right")
        return (end - begin).astype(np.float64), self._sum[end] - self._sum[begin]

    def _number(self, key: Ints, at: Ints) -> Ints:
        return key * self._span + np.clip(at - self._first, 0, self._span - 1)
