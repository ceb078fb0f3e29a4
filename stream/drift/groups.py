"""Whether groups of customers are treated alike: how often each is alerted on, wrongly so, and its frauds found.

Groups come from a file that no detector reads: a group is never a feature. Only payments with a verdict count, as
nobody knows what a group deserves of the others. Source: Hardt, Price & Srebro (2016), equalised odds.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stream.core.names import DAY_MS
from stream.drift.ledger import Payment
from stream.drift.outcomes import TOLD
from stream.errors import SettingsError
from stream.wire.columns import Floats

LEAST = 30  # genuine payments, or frauds, from which on a rate of a group says something
MOST = 50  # groups: each is a label of metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group over the days kept; None where too few payments are known.

    payments          with a verdict
    alert_rate        of them, share that was told
    false_alarm_rate  of the genuine ones
    recall            of the frauds
    """

    group: str
    payments: float
    alert_rate: float | None
    false_alarm_rate: float | None
    recall: float | None


class Groups:
    """Counts verdicts per group.

    members  customer → group; others are in none, and not counted
    days     as in ``Outcomes``
    """

    def __init__(self, members: Mapping[str, str], *, days: int) -> None:
        self._members, self._keep = members, days
        self._counts: dict[tuple[int, str], Floats] = {}  # by day of payment: (genuine, fraud) × (not told, told)

    def count(self, customer: str, payment: Payment, verdict: int, weight: float) -> None:
        """Add a payment by a verdict, or take it off again by a negative weight."""
        group = self._members.get(customer)
        if group is not None:
            counts = self._counts.setdefault((payment.at // DAY_MS, group), np.zeros((2, 2)))
            counts[verdict, payment.mask >> TOLD & 1] += weight

    def forget(self, newest: int) -> None:
        """Let go the days that are too old at event time ``newest``, epoch ms."""
        first = newest // DAY_MS - self._keep + 1
        self._counts = {key: counts for key, counts in self._counts.items() if key[0] >= first}

    def figures(self) -> list[Group]:
        """What is known of each group, by name."""
        names = sorted({group for _, group in self._counts})
        return [_figure(name, [c for (_, group), c in self._counts.items() if group == name]) for name in names]


def gap(groups: Iterable[Group], field: str) -> float | None:
    """Largest rate of any group less the smallest; None below two groups of which it is known."""
    rates = [rate for rate in (getattr(group, field) for group in groups) if rate is not None]
    return max(rates) - min(rates) if len(rates) > 1 else None


def read_groups(path: str) -> dict[str, str]:
    """Read a CSV file with the columns ``customer`` and ``group``; "" is no file, and no groups.

    Raises SettingsError that names what is wrong with it.
    """
    if not path:
        return {}
    try:
        with Path(path).open(newline="", encoding="utf-8") as source:
            members = {row["customer"]: row["group"] for row in csv.DictReader(source)}
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        expected = f"a CSV file with the columns customer and group ({type(error).__name__})"
        raise SettingsError("monitor.groups", expected, path) from None
    if len(set(members.values())) > MOST:
        raise SettingsError("monitor.groups", f"at most {MOST} groups", str(len(set(members.values()))))
    return members


def _figure(name: str, parts: list[Floats]) -> Group:
    counts = np.sum(parts, axis=0)
    genuine, frauds = counts.sum(axis=1)
    return Group(
        group=name,
        payments=float(counts.sum()),
        alert_rate=_rate(counts[:, 1].sum(), counts.sum()),
        false_alarm_rate=_rate(counts[0, 1], genuine),
        recall=_rate(counts[1, 1], frauds),
    )


def _rate(part: float, whole: float) -> float | None:
    return float(part / whole) if whole >= LEAST else None
