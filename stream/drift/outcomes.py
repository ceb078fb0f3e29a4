"""What became of payments, per day of payment: right and false alarms, frauds found and missed, money kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from stream.core.names import DAY_MS
from stream.drift.ledger import Payment
from stream.wire.columns import Floats

DELAYS = (1, 7, 14, 30)  # days from payment to verdict; later ones in a last class
TOLD, ANY = 0, 1  # subjects before the detectors
SUBJECTS = ("told", "any")
ROOM = 30  # detectors that are told apart


@dataclass(slots=True)
class _Day:
    """Counts of one day: subject × (genuine, fraud) × (not flagged, flagged), and frauds by delay likewise."""

    counts: Floats = field(default_factory=lambda: np.zeros((ROOM + 2, 2, 2)))
    delays: Floats = field(default_factory=lambda: np.zeros((ROOM + 2, len(DELAYS) + 1, 2)))
    caught: float = 0.0
    reviewed: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Figures of one subject over the days kept; None where there is nothing to divide by.

    subject                 "told": alerts that were told; "any": of any detector, held ones too; else a detector
    recall_by_days          verdict came within so many days → recall of those frauds
    false_alarms_per_1000   genuine payments
    """

    subject: str
    alerts: float
    frauds: float
    genuine: float
    precision: float | None
    recall: float | None
    recall_by_days: dict[int, float | None]
    false_alarms_per_1000: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Minor units: amounts of frauds that were told, and what looking into the alerts with a verdict has cost."""

    caught: float
    reviews: float

    @property
    def saved(self) -> float:
        """Caught less reviews."""
        return self.caught - self.reviews


class Outcomes:
    """Counts verdicts.

    days  of payments that figures are about; older days are forgotten
    """

    def __init__(self, *, days: int) -> None:
        self._days: dict[int, _Day] = {}
        self._keep = days

    def count(self, payment: Payment, *, fraud: bool, weight: int, at: int, number: int) -> bool:
        """Count a verdict known at ``at``, epoch ms, the ``number``th that was read; the latest on a payment stands.

        -> False: a later one was counted before
        """
        if (at, number) < payment.known:
            return False
        payment.known = at, number
        if payment.verdict >= 0:
            self._add(payment, -payment.weight)
        payment.verdict, payment.weight = int(fraud), weight
        payment.delay = int(np.searchsorted(DELAYS, (at - payment.at) / DAY_MS, side="left"))
        self._add(payment, weight)
        return True

    def price(self, payment: Payment, amount: int) -> None:
        """Take note of what a payment was worth, minor units, also where its verdict came first."""
        if payment.verdict >= 0:
            self._add(payment, -payment.weight)
        payment.amount = amount
        if payment.verdict >= 0:
            self._add(payment, payment.weight)

    def forget(self, newest: int) -> None:
        """Let go the days that are too old at event time ``newest``, epoch ms."""
        first = newest // DAY_MS - self._keep + 1
        for day in [day for day in self._days if day < first]:
            del self._days[day]

    def figures(self, detectors: Sequence[str]) -> list[Live]:
        """Figures of the told alerts, of all that was flagged, and of each detector, in the order of their bits."""
        counts = sum((day.counts for day in self._days.values()), start=np.zeros((ROOM + 2, 2, 2)))
        delays = sum((day.delays for day in self._days.values()), start=np.zeros((ROOM + 2, len(DELAYS) + 1, 2)))
        names = (*SUBJECTS, *detectors)
        return [_live(name, counts[i], delays[i]) for i, name in enumerate(names)]

    def money(self, *, cents_per_review: float) -> Money:
        """What was kept and what it cost."""
        caught = sum(day.caught for day in self._days.values())
        return Money(caught=caught, reviews=cents_per_review * sum(day.reviewed for day in self._days.values()))

    def frauds_on(self, days: Sequence[int]) -> float:
        """Frauds known of payments on these days, numbered from 1970."""
        return float(sum(self._days[day].counts[ANY, 1].sum() for day in days if day in self._days))

    def judged_on(self, day: int) -> float:
        """Payments of a day that have a verdict."""
        return float(self._days[day].counts[ANY].sum()) if day in self._days else 0.0

    def _add(self, payment: Payment, weight: int) -> None:
        day = self._days.setdefault(payment.at // DAY_MS, _Day())
        flags = (payment.mask >> np.arange(ROOM + 2)) & 1
        subjects = np.arange(ROOM + 2)
        day.counts[subjects, payment.verdict, flags] += weight
        if payment.verdict:
            day.delays[subjects, payment.delay, flags] += weight
        if payment.mask & (1 << TOLD):
            day.reviewed += weight
            day.caught += weight * payment.amount * payment.verdict


def _live(name: str, counts: Floats, delays: Floats) -> Live:
    false, true = counts[0, 1], counts[1, 1]
    genuine, frauds = counts[0].sum(), counts[1].sum()
    so_far = np.cumsum(delays, axis=0)
    return Live(
        subject=name,
        alerts=float(false + true),
        frauds=float(frauds),
        genuine=float(genuine),
        precision=_ratio(true, false + true),
        recall=_ratio(true, frauds),
        recall_by_days={days: _ratio(so_far[i, 1], so_far[i].sum()) for i, days in enumerate(DELAYS)},
        false_alarms_per_1000=None if not genuine else float(1000.0 * false / genuine),
    )


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
