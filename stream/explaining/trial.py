"""One payment tried otherwise: of another amount, later, or at another terminal, judged by the code that runs live.

The payer controls the amount, the moment and the terminal. Amount and moment are changed on the payment and the history
is replayed with it; at another terminal, its figures are those of an ordinary one, as nobody can replay a payment where
it never was.
"""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from models.detector import Detector
from stream.core.names import DAY_MS, FEATURES, HOUR_MS, TERMINAL_FEATURES
from stream.explanation import judge_again
from stream.replay import Keyed
from stream.settings import Settings
from stream.wire.columns import Matrix
from stream.wire.events import Transaction
from stream.wire.topics import TRANSACTIONS

WAITS_MS = (HOUR_MS // 6, HOUR_MS, 6 * HOUR_MS, DAY_MS, 2 * DAY_MS, 7 * DAY_MS)  # that are tried
_OF_A_RUN = ("terminal_fraud_run_days", "terminal_fraud_run_amount", "terminal_fraud_run_ratio")


class Trial:
    """Changes of one payment.

    detectors  say what an ordinary terminal is like
    history    events of its customer and its terminal, in the order of processing
    payment    is one of them
    """

    def __init__(
        self, settings: Settings, detectors: Sequence[Detector], history: Sequence[Keyed], payment: Transaction
    ) -> None:
        self._settings, self.payment = settings, payment
        self._ordinary = _ordinary(detectors)
        place = next(i for i, (_, _, event) in enumerate(history) if event is payment)
        self._before, self._after = history[:place], history[place + 1 :]
        self._known: dict[tuple[int, int], Matrix | None] = {}  # a replay costs most

    def features(self, amount: int, *, wait: int = 0, elsewhere: bool = False) -> Matrix | None:
        """Features of the payment so changed, ``(1, FEATURES)``; None where a replay does not bring it out.

        amount     minor units
        wait       ms later than it was
        elsewhere  at an ordinary terminal
        """
        if (amount, wait) not in self._known:
            self._known[amount, wait] = self._replayed(amount, wait)
        x = self._known[amount, wait]
        return self._moved(x) if elsewhere and x is not None else x

    def _replayed(self, amount: int, wait: int) -> Matrix | None:
        tried = msgspec.structs.replace(self.payment, amount=amount, at=self.payment.at + wait)
        history = [*self._before, *self._meanwhile(wait), (TRANSACTIONS.name, tried.customer, tried)]
        judged = judge_again(self._settings, (), history, tried.id)
        return None if judged is None else judged.x

    def _meanwhile(self, wait: int) -> Iterator[Keyed]:
        """What came after the payment and before its later moment."""
        until = self.payment.at + wait
        return (record for record in self._after if record[2].at < until)  # type: ignore[attr-defined]  # all have one

    def _moved(self, x: Matrix) -> Matrix:
        moved = x.copy()
        for name, value in self._ordinary.items():
            moved[0, FEATURES.index(name)] = value
        return moved


def _ordinary(detectors: Sequence[Detector]) -> dict[str, float]:
    """Figures of an ordinary terminal: what the detectors call usual; of those that none reads, no matter.

    What is usual of a run of frauds is so of terminals that have one: an ordinary one has none.
    """
    found: dict[str, float] = {}
    for detector in detectors:
        usual = dict(zip(detector.features, np.asarray(detector.usual).tolist(), strict=True))
        found.update((name, value) for name, value in usual.items() if name in TERMINAL_FEATURES)
    return found | {name: np.nan for name in _OF_A_RUN if found.get("terminal_fraud_run", 0.0) == 0.0}
