"""How good alerts will prove, before any verdict: by the probabilities that came with the scores.

If a probability of p is right in p of the cases, the frauds among payments are the sum of their probabilities, and the
share of them at or above the threshold is the recall. Where labels come, ``expected_over_real`` says whether that
still holds. Source: confidence-based performance estimation, NannyML (2021); Guillory et al. (2021).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.detector import Detector
from stream.core.names import DAY_MS
from stream.wire.events import Scores
from stream.wire.flags import flagged


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """Of one detector over the days kept; None where nothing is known.

    frauds     expected among all payments
    precision  expected of what it flags; recall likewise
    """

    detector: str
    payments: int
    frauds: float
    precision: float | None
    recall: float | None


class Estimates:
    """Sums probabilities per detector and day.

    detectors  as loaded; one whose version is not that of a record, or has no probability, tells nothing of it
    days       as in ``Outcomes``
    """

    def __init__(self, detectors: Sequence[Detector], *, days: int) -> None:
        self._detectors = {(one.name, one.version): one for one in detectors}
        self._keep = days
        self._sums: dict[tuple[str, int], list[float]] = {}  # payments, their frauds, flagged, their frauds

    def take(self, scores: Scores) -> None:
        """Add the payments of a record."""
        days = np.array(scores.at, np.int64) // DAY_MS
        for name, column in scores.detectors.items():
            detector = self._detectors.get((name, scores.versions[name]))
            score = np.array(column)
            chance = None if detector is None else detector.probability(score)
            if chance is None:
                continue
            flags = flagged(scores, name)
            for day in np.unique(days).tolist():
                those = days == day
                more = (those.sum(), chance[those].sum(), (those & flags).sum(), chance[those & flags].sum())
                sums = self._sums.setdefault((name, day), [0.0] * 4)
                sums[:] = [one + float(other) for one, other in zip(sums, more, strict=True)]

    def forget(self, newest: int) -> None:
        """Let go the days that are too old at event time ``newest``, epoch ms."""
        first = newest // DAY_MS - self._keep + 1
        self._sums = {key: sums for key, sums in self._sums.items() if key[1] >= first}

    def figures(self) -> list[Estimated]:
        """What is expected, per detector."""
        names = dict.fromkeys(name for name, _ in self._sums)
        return [self._figure(name) for name in names]

    def expected(self, name: str) -> dict[int, tuple[float, float]]:
        """Payments and expected frauds of a detector, per day from 1970."""
        return {day: (sums[0], sums[1]) for (who, day), sums in self._sums.items() if who == name}

    def _figure(self, name: str) -> Estimated:
        columns = [sums for (who, _), sums in self._sums.items() if who == name]
        payments, frauds, flagged, caught = np.sum(columns, axis=0).tolist()
        return Estimated(
            detector=name,
            payments=int(payments),
            frauds=frauds,
            precision=caught / flagged if flagged else None,
            recall=caught / frauds if frauds else None,
        )
