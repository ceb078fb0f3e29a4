"""What would have made a payment pass: the smallest change of what its payer controls, tried by the code that judges.

The payer controls the amount, the moment and the terminal. Amount and moment are changed on the payment and the history
is replayed with it; at another terminal, its figures are those of an ordinary one, as nobody can replay a payment where
it never was. A cooldown counts for nothing here: passing is a score below every threshold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from models.detector import Detector
from stream.core.names import DAY_MS, FEATURES, HOUR_MS, TERMINAL_FEATURES
from stream.core.scoring import Scorer
from stream.explanation import Explanation, judge_again
from stream.replay import Keyed
from stream.settings import Settings
from stream.wire.columns import Matrix
from stream.wire.events import Transaction
from stream.wire.topics import TRANSACTIONS

_WAITS_MS = (HOUR_MS // 6, HOUR_MS, 6 * HOUR_MS, DAY_MS, 2 * DAY_MS, 7 * DAY_MS)
_SHARES = np.geomspace(1.0, 0.01, 12)[1:]  # of the amount, looked at from the top
_BISECTIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One change after which the payment would have passed.

    what    in words
    amount  minor units, with it
    at      event time, with it
    terminal_is_ordinary  True: elsewhere
    scores  by detector, all below their thresholds
    """

    what: str
    amount: int
    at: int
    terminal_is_ordinary: bool
    scores: dict[str, float]


def ways_to_pass(settings: Settings, detectors: Sequence[Detector], explained: Explanation) -> list[Way]:
    """Find the smallest change of amount alone, of time alone, of terminal alone; of two, where none alone does."""
    name = str(explained.alert.evidence["transaction"])
    payment = next((e for _, _, e in explained.history if isinstance(e, Transaction) and e.id == name), None)
    if payment is None:
        return []
    trial = _Trial(settings, detectors, explained.history, payment)
    found = [way for way in (trial.smaller(), trial.later(), trial.elsewhere()) if way is not None]
    both = trial.smaller(elsewhere=True) if not found else None
    return found if both is None else [both]


class _Trial:
    def __init__(
        self, settings: Settings, detectors: Sequence[Detector], history: Sequence[Keyed], payment: Transaction
    ) -> None:
        self._settings, self._scorer = settings, Scorer(detectors)
        self._payment = payment
        self._ordinary = _ordinary(detectors)
        places = [i for i, (_, _, event) in enumerate(history) if event is payment]
        self._before, self._after = history[: places[0]], history[places[0] + 1 :]

    def smaller(self, *, elsewhere: bool = False) -> Way | None:
        """The largest smaller amount that passes, to within half a per cent of the amount."""
        amount = self._payment.amount
        fails, passes = amount, None
        for share in _SHARES.tolist():
            tried = round(amount * share)
            scores = self._passing(tried, elsewhere=elsewhere)
            if scores is not None:
                passes = (tried, scores)
                break
            fails = tried
        if passes is None:
            return None
        for _ in range(_BISECTIONS):
            middle = (fails + passes[0]) // 2
            scores = self._passing(middle, elsewhere=elsewhere)
            if scores is None:
                fails = middle
            else:
                passes = (middle, scores)
        where = " at an ordinary terminal" if elsewhere else ""
        currency = self._payment.currency
        what = f"{passes[0] / 100:,.2f} {currency} or less instead of {amount / 100:,.2f}{where}"
        return self._way(what, passes[1], amount=passes[0], elsewhere=elsewhere)

    def later(self) -> Way | None:
        """The shortest wait that passes."""
        for wait in _WAITS_MS:
            scores = self._passing(self._payment.amount, wait=wait)
            if scores is not None:
                hours = wait / HOUR_MS
                said = f"{hours * 60:.0f} minutes" if hours < 1 else f"{hours:.0f} hours" if hours < 48 else ""
                return self._way(f"the same {said or f'{hours / 24:.0f} days'} later", scores, wait=wait)
        return None

    def elsewhere(self) -> Way | None:
        """The same at an ordinary terminal."""
        scores = self._passing(self._payment.amount, elsewhere=True)
        return None if scores is None else self._way("the same at an ordinary terminal", scores, elsewhere=True)

    def _way(
        self, what: str, scores: dict[str, float], *, amount: int | None = None, wait: int = 0, elsewhere: bool = False
    ) -> Way:
        payment = self._payment
        return Way(
            what=what,
            amount=payment.amount if amount is None else amount,
            at=payment.at + wait,
            terminal_is_ordinary=elsewhere,
            scores=scores,
        )

    def _passing(self, amount: int, *, wait: int = 0, elsewhere: bool = False) -> dict[str, float] | None:
        """Scores with such a payment; None where one is at its threshold."""
        tried = msgspec.structs.replace(self._payment, amount=amount, at=self._payment.at + wait)
        history = [*self._before, *self._meanwhile(wait), (TRANSACTIONS.name, tried.customer, tried)]
        judged = judge_again(self._settings, self._scorer.detectors, history, tried.id)
        if judged is None:
            return None
        x = self._moved(judged.x) if elsewhere else judged.x
        scored = self._scorer.score(x)
        if scored.suspicious.size or scored.failed:
            return None
        return {name: float(score[0]) for name, score in scored.scores.items()}

    def _meanwhile(self, wait: int) -> Iterator[Keyed]:
        """What came after the payment and before its later moment."""
        until = self._payment.at + wait
        return (record for record in self._after if record[2].at < until)  # type: ignore[attr-defined]  # all have one

    def _moved(self, x: Matrix) -> Matrix:
        moved = x.copy()
        for name, value in self._ordinary.items():
            moved[0, FEATURES.index(name)] = value
        return moved


def _ordinary(detectors: Sequence[Detector]) -> dict[str, float]:
    """Figures of an ordinary terminal: what the detectors call usual; of those that none reads, no matter."""
    found: dict[str, float] = {}
    for detector in detectors:
        usual = dict(zip(detector.features, np.asarray(detector.usual).tolist(), strict=True))
        found.update((name, value) for name, value in usual.items() if name in TERMINAL_FEATURES)
    return found
