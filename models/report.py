"""The figures of a training: every detector judged on the same later window, beside the base rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from models.dataset import FeatureSet, Ints
from models.detector import Vector
from models.evaluation import Ranking, at_threshold, bootstrap, brier, card_precision
from models.fairness import Fairness, over_groups
from models.surrogate import Insight
from models.thresholds.segments import BEHAVIOUR
from models.thresholds.spread import Spread, spread
from models.thresholds.table import Table
from stream.core.names import FEATURES


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is judged: scores of the test rows ``(n,)``, the threshold, and probabilities where there are any.

    budget  share of genuine events that may be alerted on
    """

    name: str
    score: Vector
    threshold: float
    budget: float
    probability: Vector | None = None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One detector on the test window. None: not defined (no alert, no fraud, no calibration)."""

    average_precision: float | None
    average_precision_95: list[float | None]  # bootstrap over customers
    roc_auc: float | None
    roc_auc_95: list[float | None]
    card_precision_100: float | None
    threshold: float
    alerts: int
    precision: float | None
    recall: float | None
    f1: float | None
    alerts_per_1000_genuine: float | None
    genuine_alert_ratio: float | None
    genuine_alert_budget: float
    accuracy: float
    accuracy_of_never_alerting: float
    brier: float | None
    brier_of_base_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Figures per detector; scores and truth of the window, for plots."""

    rows: int
    frauds: int
    figures: dict[str, Figures]
    subjects: tuple[Subject, ...]
    fraud: Ints
    amount: Vector
    spread: dict[str, Spread]  # detector → its alerts over segments of customers
    insight: Insight | None  # into the ensemble; None where there is none
    fairness: dict[str, Fairness]  # detector → its alerts over groups of customers; empty where none were named

    @property
    def base_rate(self) -> float:
        """Share of frauds: what average precision has to be read beside."""
        return self.frauds / self.rows

    def headline(self) -> dict[str, dict[str, float | None]]:
        """The figures that the manifest repeats."""
        names = ("average_precision", "roc_auc", "card_precision_100", "precision", "recall", "alerts_per_1000_genuine")
        return {who: {name: getattr(figures, name) for name in names} for who, figures in self.figures.items()}

    def to_json(self) -> bytes:
        """Encode the figures; equal trainings give equal bytes."""
        content = {
            "rows": self.rows,
            "frauds": self.frauds,
            "base_rate": self.base_rate,
            "detectors": {name: msgspec.to_builtins(figures) for name, figures in self.figures.items()},
            "insight": None if self.insight is None else msgspec.to_builtins(self.insight),
            "segments": {name: msgspec.to_builtins(spread) for name, spread in self.spread.items()},
        }
        if self.fairness:
            content["groups"] = {name: msgspec.to_builtins(fairness) for name, fairness in self.fairness.items()}
        return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def judge(
    data: FeatureSet,
    rows: Ints,
    subjects: Sequence[Subject],
    table: Table,
    insight: Insight | None,
    *,
    seed: int,
    groups: Mapping[str, str],
) -> Report:
    """Judge every subject on the same rows.

    rows     of the test window, later than all that was learnt or calibrated
    table    where its detectors would alert, per segment of customers
    insight  goes into the report
    seed     of the bootstrap
    groups   customer → group, for fairness; empty: none named
    """
    fraud, customer = data.fraud[rows], data.customer_codes()[rows]
    figures = {one.name: _figures(one, data.at[rows], customer, fraud, seed) for one in subjects}
    served = [one for one in subjects if one.name in table.detectors]
    group = [groups.get(data.customer[i], "") for i in rows.tolist()] if groups else []
    segment = table.drawn().assign(data.x[np.ix_(rows, np.array([FEATURES.index(name) for name in BEHAVIOUR]))])
    return Report(
        rows=len(rows),
        frauds=int(fraud.sum()),
        figures=figures,
        subjects=tuple(subjects),
        fraud=fraud,
        amount=data.amount[rows],
        spread={one.name: spread(table, one.name, segment, one.score, data.amount[rows], fraud) for one in served},
        insight=insight,
        fairness={one.name: over_groups(one.score >= one.threshold, fraud, group) for one in served if group},
    )


def _figures(one: Subject, at: Ints, customer: Ints, fraud: Ints, seed: int) -> Figures:
    ranking, alerting = Ranking(one.score, fraud), at_threshold(one.score, fraud, one.threshold)
    interval = bootstrap(one.score, fraud, customer, seed=seed)
    base = float(fraud.mean())
    return Figures(
        average_precision=_or_none(ranking.average_precision()),
        average_precision_95=[_or_none(end) for end in interval["average_precision"]],
        roc_auc=_or_none(ranking.roc_auc()),
        roc_auc_95=[_or_none(end) for end in interval["roc_auc"]],
        card_precision_100=_or_none(card_precision(at, customer, one.score, fraud)),
        threshold=one.threshold,
        alerts=alerting.alerts,
        precision=_or_none(alerting.precision),
        recall=_or_none(alerting.recall),
        f1=_or_none(alerting.f1),
        alerts_per_1000_genuine=_or_none(alerting.alerts_per_1000_genuine),
        genuine_alert_ratio=_or_none(alerting.genuine_alert_ratio),
        genuine_alert_budget=one.budget,
        accuracy=alerting.accuracy,
        accuracy_of_never_alerting=alerting.majority,
        brier=None if one.probability is None else brier(one.probability, fraud),
        brier_of_base_rate=base * (1.0 - base),
    )


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
