"""Judges a payment by rows of its customer and terminal, and changes neither: the workers' own kernels and words.

The rows are put into tables of their own for a moment, the payment is applied there, and all is dropped again. So a
feature has one implementation, and its value is the worker's wherever the rows are.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from models.detector import Detector
from stream.core.both_sides import at_terminals, side_by_side
from stream.core.customers import CustomerTable
from stream.core.merge import Merged
from stream.core.payment_alerts import PaymentAlerts
from stream.core.scoring import Scored, Scorer
from stream.core.stage import Output
from stream.core.terminal_state import Cooldowns
from stream.core.terminals import TerminalTable
from stream.settings import Settings
from stream.wire.columns import Matrix, Payments
from stream.wire.events import Alert, Transaction
from stream.wire.topics import ALERTS

_LATER = 2**61  # an offset, and the origin of a payment, behind all that a row has seen
_alert = msgspec.json.Decoder(Alert).decode


class Judged(NamedTuple):
    """What was found of one payment.

    features  (1, FEATURES) by which it was judged
    scores    by detector; nan where that one failed
    chosen    place of the detector that speaks
    limit     score from which that detector alerts on this payment
    alert     that a worker would tell; None where no score is at its limit
    """

    features: Matrix
    scores: dict[str, float]
    chosen: int
    limit: float
    alert: Alert | None


class Bystander:
    """Judges one payment at a time.

    detectors  as the workers have them
    """

    def __init__(self, settings: Settings, detectors: Sequence[Detector]) -> None:
        limits = settings.payments
        late_ms = 1000 * limits.max_late_seconds
        self._settings = settings
        self.scorer = Scorer(detectors)
        self._customers = CustomerTable(max_history=limits.max_history, max_late_ms=late_ms)
        self._terminals = TerminalTable(max_history=limits.max_history, max_late_ms=late_ms)

    def judge(self, payment: Transaction, customer: bytes | None, terminal: bytes | None, *, now: int) -> Judged:
        """Judge by the rows, None for who was never seen; raises StateError for a row of an unknown layout.

        now  epoch ms
        """
        customer_key, terminal_key = [payment.customer.encode()], [payment.terminal.encode()]
        if customer is not None:
            self._customers.load(customer_key, [customer])
        if terminal is not None:
            self._terminals.load(terminal_key, [terminal])
        try:
            merged, x = self._features(payment, now)
        finally:
            self._customers.load(customer_key, [None])
            self._terminals.load(terminal_key, [None])
        scored = self.scorer.score(x)
        scores = {name: float(column[0]) for name, column in scored.scores.items()}
        alert = self._alert(merged, x, scored, now) if scored.suspicious.size else None
        limits = [self.scorer.limit(which, x, 0) for which in range(len(self.scorer.detectors))]
        chosen = self._chosen(scores, limits, alert)
        return Judged(x, scores, chosen, limits[chosen], alert)

    def _features(self, payment: Transaction, now: int) -> tuple[Merged, Matrix]:
        """Apply the payment to both rows, as the two stages do; features are read before each is changed."""
        batch = Payments(
            partition=0,
            offset=np.array([_LATER]),
            produced=np.array([now]),
            at=np.array([payment.at]),
            amount=np.array([payment.amount]),
            id=[payment.id],
            customer=[payment.customer],
            terminal=[payment.terminal],
        )
        columns = self._customers.apply(batch)
        if columns.duplicate[0]:  # the workers know it: nothing of its own millisecond counts towards its history
            columns = self._customers.apply(_renamed(batch))
        seq = max(payment.at, self._terminals.seq_of(payment.terminal))
        merged = Merged(
            integers=np.array([[_LATER], [now], [payment.at], [seq], [payment.amount], [_LATER]]),
            id=[payment.id],
            customer=[payment.customer],
            terminal=[payment.terminal],
            features=columns.features,
        )
        terminals = at_terminals(self._terminals, merged)
        return merged, side_by_side(columns.features, terminals.features)

    def _alert(self, merged: Merged, x: Matrix, scored: Scored, now: int) -> Alert:
        """Take the alert that a worker would tell, were there no cooldown."""
        output = Output()
        PaymentAlerts(0, self._settings, self.scorer, Cooldowns()).tell(merged, np.array([0]), x, scored, output, now)
        return next(_alert(record.value) for record in output.records if record.topic == ALERTS.name)

    def _chosen(self, scores: dict[str, float], limits: list[float], alert: Alert | None) -> int:
        """The detector of the alert; where there is none, the one nearest to its limit."""
        detectors = self.scorer.detectors
        if alert is not None:
            return next(i for i, one in enumerate(detectors) if one.name == alert.detector.name)
        ratios = [scores[one.name] / limit for one, limit in zip(detectors, limits, strict=True)]
        return int(np.nanargmax(ratios)) if np.isfinite(ratios).any() else 0


def _renamed(batch: Payments) -> Payments:
    """The same payment under a name that no row bears."""
    return Payments(
        partition=batch.partition,
        offset=batch.offset + 1,
        produced=batch.produced,
        at=batch.at,
        amount=batch.amount,
        id=[f"{batch.id[0]}\0again"],
        customer=batch.customer,
        terminal=batch.terminal,
    )
