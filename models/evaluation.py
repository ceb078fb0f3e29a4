"""How well scores find fraud: the figures every detector is judged by, on a window later than all it learnt from."""

from dataclasses import dataclass

import numpy as np

from models.dataset import Ints
from models.detector import Vector
from stream.core.names import DAY_MS


class Ranking:
    """Scores sorted once, so that average precision and AUC can be had under many weightings of the same rows.

    score, fraud  (n,) higher is stranger; 1 a fraud. Ties count as one step.
    """

    def __init__(self, score: Vector, fraud: Ints) -> None:
        self._order = np.argsort(-score, kind="stable")
        falling = score[self._order]
        self._ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))  # and the last row
        self._fraud = fraud[self._order].astype(np.float64)

    def _steps(self, weight: Vector | None) -> tuple[Vector, Vector]:
        w = np.ones(len(self._fraud)) if weight is None else weight[self._order]
        return np.cumsum(w * self._fraud)[self._ends], np.cumsum(w * (1.0 - self._fraud))[self._ends]

    def average_precision(self, weight: Vector | None = None) -> float:
        """``Σ (Rᵢ - Rᵢ₋₁) Pᵢ`` over falling scores; ``weight (n,)`` counts rows. nan without a fraud."""
        hits, misses = self._steps(weight)
        if not hits[-1]:
            return float("nan")
        reached = np.maximum(hits + misses, np.finfo(float).tiny)
        return float(np.diff(hits, prepend=0.0) @ (hits / reached) / hits[-1])

    def roc_auc(self, weight: Vector | None = None) -> float:
        """Chance that a fraud scores above a genuine event, ties half. nan without both."""
        hits, misses = self._steps(weight)
        if not hits[-1] or not misses[-1]:
            return float("nan")
        below = misses[-1] - misses + np.diff(misses, prepend=0.0) / 2.0
        return float(np.diff(hits, prepend=0.0) @ below / (hits[-1] * misses[-1]))

    def curve(self) -> tuple[Vector, Vector]:
        """Recall and precision at every distinct score, falling."""
        hits, misses = self._steps(None)
        return hits / max(hits[-1], 1.0), hits / (hits + misses)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtThreshold:
    """What alerting at a threshold would have meant. Ratios are nan where their denominator is empty."""

    alerts: int
    precision: float
    recall: float
    f1: float
    accuracy: float  # to be read beside ``majority``
    majority: float  # accuracy of never alerting
    genuine_alert_ratio: float  # share of genuine events alerted on: compare with the budget
    alerts_per_1000_genuine: float  # false ones


def at_threshold(score: Vector, fraud: Ints, threshold: float) -> AtThreshold:
    """Count alerts at and above ``threshold`` against the truth ``fraud (n,)``."""
    alert, true = score >= threshold, fraud == 1
    hits, alerts, frauds, n = int((alert & true).sum()), int(alert.sum()), int(true.sum()), len(score)
    false = alerts - hits
    ratio = false / (n - frauds) if n > frauds else float("nan")
    return AtThreshold(
        alerts=alerts,
        precision=hits / alerts if alerts else float("nan"),
        recall=hits / frauds if frauds else float("nan"),
        f1=2.0 * hits / (alerts + frauds) if alerts + frauds else float("nan"),
        accuracy=(n - frauds - false + hits) / n,
        majority=max(frauds, n - frauds) / n,
        genuine_alert_ratio=ratio,
        alerts_per_1000_genuine=1000.0 * ratio,
    )


def card_precision(at: Ints, customer: Ints, score: Vector, fraud: Ints, *, k: int = 100) -> float:
    """Mean over days of the share of defrauded cards among the ``k`` most suspicious cards of the day.

    at, customer, score, fraud  (n,) epoch ms; card as a number; a card's day counts by its highest score
    k                           cards that analysts can check in a day; cards found on an earlier day are left out
    Source: Le Borgne et al., Fraud Detection Handbook (2022), card precision top-k.
    """
    day, found, shares = at // DAY_MS, np.empty(0, np.int64), []
    for one in np.unique(day):
        rows = np.flatnonzero((day == one) & ~np.isin(customer, found))
        cards, place = np.unique(customer[rows], return_inverse=True)
        highest, defrauded = np.full(len(cards), -np.inf), np.zeros(len(cards), np.int64)
        np.maximum.at(highest, place, score[rows])
        np.maximum.at(defrauded, place, fraud[rows])
        top = np.argsort(-highest, kind="stable")[:k]
        hits = cards[top][defrauded[top] == 1]
        found = np.concatenate((found, hits))
        shares.append(len(hits) / k)
    return float(np.mean(shares)) if shares else float("nan")


def brier(probability: Vector, fraud: Ints) -> float:
    """Mean squared distance of ``probability (n,)`` from the truth; 0 is perfect, the base rate's is its variance."""
    return float(np.mean((probability - fraud) ** 2))


def reliability(probability: Vector, fraud: Ints, *, bins: int = 10) -> tuple[Vector, Vector, Ints]:
    """Mean probability, share of frauds and number of events in ``bins`` bins of equal width on a log axis."""
    edges = np.geomspace(max(probability.min(), 1e-6), max(probability.max(), 2e-6), bins + 1)
    which = np.clip(np.searchsorted(edges, probability, side="right") - 1, 0, bins - 1)
    count = np.bincount(which, minlength=bins)
    seen = count > 0
    mean = np.bincount(which, probability, bins)[seen] / count[seen]
    share = np.bincount(which, fraud.astype(np.float64), bins)[seen] / count[seen]
    return mean, share, count[seen]


def bootstrap(score: Vector, fraud: Ints, customer: Ints, *, seed: int, repeats: int = 200) -> dict[str, list[float]]:
    """95 % intervals of average precision and AUC by drawing customers, not payments: a card's payments go together.

    score, fraud, customer  (n,) customers as numbers from 0
    -> name → [2.5 %, 97.5 %]
    Source: Field & Welsh (2007), cluster bootstrap.
    """
    ranking, chance = Ranking(score, fraud), np.random.default_rng(seed)
    cards = np.unique(customer, return_inverse=True)[1]
    drawn = np.empty((repeats, 2))
    for i in range(repeats):
        weight = chance.multinomial(cards.max() + 1, np.full(cards.max() + 1, 1.0 / (cards.max() + 1)))
        of_row = weight[cards].astype(np.float64)
        drawn[i] = ranking.average_precision(of_row), ranking.roc_auc(of_row)
    low, high = np.nanquantile(drawn, (0.025, 0.975), axis=0)
    return {"average_precision": [float(low[0]), float(high[0])], "roc_auc": [float(low[1]), float(high[1])]}
