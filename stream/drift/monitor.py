"""The monitor without Kafka: records of ``scores``, ``alerts`` and ``labels`` in, figures and findings out."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.detector import Detector
from models.reference import Reference
from stream.core.names import DAY_MS
from stream.drift.estimate import Estimated, Estimates
from stream.drift.groups import Group, Groups
from stream.drift.ledger import ROOM, Ledger, Payment
from stream.drift.outcomes import ANY, SUBJECTS, TOLD, Live, Money, Outcomes
from stream.drift.outcomes import ROOM as DETECTORS
from stream.drift.told import NAME
from stream.drift.watch import Finding, State, Watch
from stream.settings import Monitor as Limits
from stream.wire.events import Alert, Label, Scores
from stream.wire.flags import flagged

_LONGEST = 64  # characters of the name of an alert's entity
_WAITING = 100_000  # verdicts that may wait for the score of their payment


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All that is known now.

    at                  newest event time, epoch ms; 0 before any
    verdicts, unmatched taken, and of them those whose payment is not known here
    expected_over_real  per detector, over the days of which nine in ten payments have a verdict; None for none
    kept                per drawer: payments in memory, and how many each stands for
    drift               per model version
    groups              of customers, where a file names them
    """

    at: int
    live: list[Live]
    money: Money
    estimated: list[Estimated]
    expected_over_real: dict[str, float | None]
    verdicts: int
    unmatched: int
    kept: dict[str, tuple[int, int]]
    drift: dict[str, State]
    groups: list[Group]


class Monitor:
    """Takes records in any order of topics; a verdict that is ahead of its payment's score waits for it.

    detectors  as loaded, for their probabilities
    reference  version → what its payments looked like in training; None: learnt from the stream
    warm_at    event time before which no drift is told, epoch ms
    groups     customer → group, for fairness
    room       see ``Ledger``
    """

    def __init__(
        self,
        limits: Limits,
        detectors: Sequence[Detector],
        reference: Callable[[str], Reference | None],
        *,
        warm_at: int = 0,
        groups: Mapping[str, str] | None = None,
        room: int = ROOM,
    ) -> None:
        self._limits, self._reference, self._warm_at = limits, reference, warm_at
        self._bits: dict[str, int] = {}
        self._ledger = Ledger(room)
        self._outcomes = Outcomes(days=limits.days)
        self._groups = Groups(groups or {}, days=limits.days)
        self._estimates = Estimates(detectors, days=limits.days)
        self._waiting: list[tuple[int, int, Label]] = []
        self._watches: dict[tuple[str, tuple[str, ...]], Watch] = {}  # by versions and detectors
        self._told: dict[str, dict[str, int]] = {}
        self._amounts: dict[str, int] = {}
        self._newest = self._verdicts = self._unmatched = 0

    def scores(self, partition: int, scores: Scores) -> Iterator[Finding]:
        """Take a record of ``scores``; a generator of what it shows to have moved, to be run to its end."""
        if not scores.ids:
            return
        self._advance(max(scores.at))
        masks = self._masks(scores)
        self._ledger.add(scores.ids, scores.at, masks, self._newest - self._limits.days * DAY_MS)
        for name, mask in zip(scores.ids, masks, strict=True):
            if mask & (1 << TOLD) and name in self._amounts:
                self._put_amount(name, self._amounts.pop(name))
        self._estimates.take(scores)
        while self._waiting and self._waiting[0][0] <= self._newest:
            _, number, label = heapq.heappop(self._waiting)
            self._judge(label, number, is_last=True)
        versions = ",".join(sorted(set(scores.versions.values())))[:_LONGEST]
        yield from self._watch(versions, tuple(scores.detectors)).take(partition, scores)

    def alert(self, alert: Alert) -> None:
        """Take an alert: what a payment is worth, and what was told of drift before."""
        if alert.kind == "fraud":
            name, amount = alert.evidence.get("transaction"), alert.evidence.get("amount")
            if isinstance(name, str) and isinstance(amount, int) and not self._put_amount(name, amount):
                self._amounts[name] = amount
                while len(self._amounts) > _WAITING:
                    self._amounts.pop(next(iter(self._amounts)))
        elif alert.kind == "model" and alert.detector.name == NAME:
            told = self._told.setdefault(alert.entity.id, {})
            for reason in alert.reasons:
                told[reason.feature] = max(alert.at, told.get(reason.feature, 0))

    def label(self, label: Label) -> None:
        """Take a verdict."""
        self._verdicts += 1
        self._judge(label, self._verdicts, is_last=label.at <= self._newest)

    def finish(self) -> Iterator[Finding]:
        """Hear that nothing more comes: every hour is done, and no verdict need wait."""
        for _, number, label in self._waiting:
            self._judge(label, number, is_last=True)
        self._waiting = []
        for watch in self._watches.values():
            yield from watch.finish()

    def figures(self) -> Figures:
        """Say what is known."""
        names = tuple(self._bits)
        return Figures(
            at=self._newest,
            live=self._outcomes.figures(names),
            money=self._outcomes.money(cents_per_review=100.0 * self._limits.currency_per_review),
            estimated=self._estimates.figures(),
            expected_over_real={one.detector: self._over_real(one.detector) for one in self._estimates.figures()},
            verdicts=self._verdicts,
            unmatched=self._unmatched,
            kept={
                "flagged": (len(self._ledger.flagged), self._ledger.flagged.weight),
                "passed": (len(self._ledger.passed), self._ledger.passed.weight),
            },
            drift={watch.version: watch.state for watch in self._watches.values()},
            groups=self._groups.figures(),
        )

    def _masks(self, scores: Scores) -> list[int]:
        masks = [0] * len(scores.ids)
        for name in scores.detectors:
            if name not in self._bits and len(self._bits) >= DETECTORS:
                continue
            bit = 1 << (self._bits.setdefault(name, len(self._bits)) + len(SUBJECTS))
            flags = flagged(scores, name).tolist()
            masks = [mask | bit if flag else mask for mask, flag in zip(masks, flags, strict=True)]
        held = set(scores.held)
        told, either = 1 << TOLD, 1 << ANY
        return [mask and (mask | either if i in held else mask | either | told) for i, mask in enumerate(masks)]

    def _put_amount(self, name: str, amount: int) -> bool:
        found = self._ledger.find(name)
        if found is not None:
            self._outcomes.price(found[0], amount)
        return found is not None

    def _judge(self, label: Label, number: int, *, is_last: bool) -> None:
        found = self._ledger.find(label.transaction)
        if found is not None:
            self._count(*found, label, number)
        elif not self._ledger.would_keep(label.transaction):
            return  # others stand for it
        elif is_last or len(self._waiting) >= _WAITING:
            self._unmatched += 1
        else:
            heapq.heappush(self._waiting, (label.at, number, label))

    def _count(self, payment: Payment, weight: int, label: Label, number: int) -> None:
        verdict, counted = payment.verdict, payment.weight
        if self._outcomes.count(payment, fraud=label.fraud, weight=weight, at=label.at, number=number):
            if verdict >= 0:
                self._groups.count(label.customer, payment, verdict, -counted)
            self._groups.count(label.customer, payment, int(label.fraud), weight)

    def _advance(self, newest: int) -> None:
        if newest // DAY_MS > self._newest // DAY_MS:
            self._outcomes.forget(newest)
            self._estimates.forget(newest)
            self._groups.forget(newest)
        self._newest = max(self._newest, newest)

    def _watch(self, version: str, detectors: tuple[str, ...]) -> Watch:
        watch = self._watches.get((version, detectors))
        if watch is None:
            told = self._told.setdefault(version, {})
            watch = Watch(version, detectors, self._reference(version), self._limits, told, self._warm_at)
            self._watches[version, detectors] = watch
        return watch

    def _over_real(self, detector: str) -> float | None:
        days = {
            day: frauds
            for day, (payments, frauds) in self._estimates.expected(detector).items()
            if self._outcomes.judged_on(day) >= 0.9 * payments
        }
        real = self._outcomes.frauds_on(list(days))
        return sum(days.values()) / real if real else None
