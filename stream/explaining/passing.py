"""What would have made a payment pass: the smallest change of what its payer controls, tried by the code that judges.

A cooldown counts for nothing here: passing is a score below every threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.detector import Detector
from stream.core.names import HOUR_MS
from stream.core.scoring import Scorer
from stream.explaining.trial import WAITS_MS, Trial
from stream.explanation import Explanation
from stream.settings import Settings
from stream.wire.events import Transaction

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
    trial = _Ways(Trial(settings, detectors, explained.history, payment), Scorer(detectors))
    found = [way for way in (trial.smaller(), trial.later(), trial.elsewhere()) if way is not None]
    both = trial.smaller(elsewhere=True) if not found else None
    return found if both is None else [both]


class _Ways:
    def __init__(self, trial: Trial, scorer: Scorer) -> None:
        self._trial, self._scorer, self._payment = trial, scorer, trial.payment

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
        for wait in WAITS_MS:
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
        x = self._trial.features(amount, wait=wait, elsewhere=elsewhere)
        if x is None:
            return None
        scored = self._scorer.score(x)
        if scored.suspicious.size or scored.failed:
            return None
        return {name: float(score[0]) for name, score in scored.scores.items()}
