"""A detector with its threshold moved: scores, reasons and probabilities stay as they are."""

from collections.abc import Sequence

import numpy as np

from models.detector import Detector, Matrix, Vector
from models.thresholds.segments import BEHAVIOUR, Segments
from models.thresholds.table import Table
from stream.errors import ModelError

_HALVINGS = 60  # of the score's range, in search of a probability


class Placed:
    """Implements ``Detector``, and ``Limited`` where the threshold differs from payment to payment.

    threshold  the least of all limits: no payment below it is worth an alert
    """

    def __init__(self, detector: Detector, threshold: float) -> None:
        self._detector = detector
        self.name, self.version, self.features = detector.name, detector.version, detector.features
        self.usual = detector.usual
        self.threshold = max(threshold, float(np.finfo(float).eps))

    def score(self, x: Matrix) -> Vector:
        """As the detector's."""
        return self._detector.score(x)

    def explain(self, x: Matrix) -> Matrix:
        """As the detector's."""
        return self._detector.explain(x)

    def probability(self, score: Vector) -> Vector | None:
        """As the detector's."""
        return self._detector.probability(score)


class BySegment(Placed):
    """A limit per segment of customers ``(s,)``."""

    def __init__(self, detector: Detector, segments: Segments, limits: Vector) -> None:
        super().__init__(detector, float(limits.min()))
        self._segments, self._limits = segments, np.maximum(limits, self.threshold)
        self._places = _places(detector, BEHAVIOUR)

    def limits(self, x: Matrix) -> Vector:
        """Limit of each payment by its customer's segment, ``(n, d) → (n,)``."""
        return self._limits[self._segments.assign(x[:, self._places])]


class ByCost(Placed):
    """Alert where what may be lost, probability × amount, is more than a review costs.

    review_cost   currency units, > 0
    large_amount  currency units: the least limit is what it would be for such a payment
    """

    def __init__(self, detector: Detector, *, review_cost: float, large_amount: float) -> None:
        self._review_cost = review_cost
        self._top = 1e6
        self._amount = _places(detector, ("amount",))[0]
        if detector.probability(np.zeros(1)) is None:
            raise ModelError(f"alerts.review_cost: expected a detector that tells probabilities, was {detector.name}")
        super().__init__(detector, np.inf)
        self.threshold = float(self._score_at(np.array([review_cost / large_amount]))[0])

    def limits(self, x: Matrix) -> Vector:
        """Score from which each payment is worth a review, ``(n, d) → (n,)``; inf where none is."""
        amount = np.maximum(x[:, self._amount], np.finfo(float).tiny)
        return np.maximum(self._score_at(self._review_cost / amount), self.threshold)

    def _score_at(self, probability: Vector) -> Vector:
        """Find the least score ≥ 0 of a probability by halving, inf where none reaches it."""
        low, high = np.zeros(len(probability)), np.full(len(probability), self._top)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2.0
            reached = self._told(middle) >= probability
            high, low = np.where(reached, middle, high), np.where(reached, low, middle)
        return np.where(self._told(high) >= probability, np.maximum(high, np.finfo(float).eps), np.inf)

    def _told(self, score: Vector) -> Vector:
        found = self._detector.probability(score)
        assert found is not None  # asked for when it was made
        return found


def place(
    detectors: Sequence[Detector],
    table: Table,
    *,
    alerts_a_day: float = 0.0,
    review_cost: float = 0.0,
    per_segment: bool = False,
) -> list[Detector]:
    """Move the thresholds of all detectors.

    alerts_a_day  of each detector, at the volume of the calibration window; 0: the artefact's own budget
    review_cost   currency units; not 0: by cost, whatever the budget
    per_segment   the same share of each segment's genuine payments
    Raises ModelError for a detector that the table does not know, or that tells no probability where cost decides.
    """
    if review_cost:
        return [ByCost(one, review_cost=review_cost, large_amount=table.large_amount) for one in detectors]
    placed: list[Detector] = []
    for one in detectors:
        rate = table.reach(one.name).budget
        if alerts_a_day:
            rate = table.rate_of(one.name, alerts_a_day, per_segment=per_segment)
        limits = table.limits_at(one.name, rate, per_segment=per_segment)
        placed.append(BySegment(one, table.drawn(), limits) if per_segment else Placed(one, float(limits[0])))
    return placed


def _places(detector: Detector, names: Sequence[str]) -> list[int]:
    missing = [name for name in names if name not in detector.features]
    if missing:
        raise ModelError(f"detector {detector.name}: expected to read {missing[0]}, as its threshold follows it")
    return [detector.features.index(name) for name in names]
