"""The figures of a protocol: ensemble, autoencoder and baselines on every fold, each fitted on its training week alone.

What is judged is what would be served: the detectors' own kernels, on features as the live stages computed them.
"""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import numpy as np

from models.boosting import Boosting, boost
from models.dataset import FeatureSet, Ints
from models.detector import Vector
from models.evaluation import Ranking, brier, card_precision
from models.judging.baselines import BASELINES, PROBABILISTIC
from models.judging.fold_training import learn, places
from models.judging.handbook_features import handbook_features
from models.judging.protocol import Fold, last_folds
from models.plots.pictured import Pictured
from models.report import Subject
from models.stacking import TREE_FEATURES
from models.surrogate import mean_parts
from models.training import Progress, Recipe

_EXPLAINED = 20  # of so many test payments one is asked what its score is made of
_SURE = 1e-6  # as near to 0 and 1 as log-odds go
_LEAST = ("terminal_fraud_run_amount", "terminal_fraud_run_ratio")
_RUN = ("terminal_fraud_run", "terminal_fraud_run_days", "terminal_clean_days", *_LEAST)
FAMILIES: dict[str, tuple[str, ...]] = {
    "alone": (),  # no autoencoder
    "without the customer's level": ("amount_ratio", "customer_count_30d", "customer_peak_7d"),
    "without the customer's peak": ("customer_peak_7d",),
    "without the terminal's verdicts": _RUN,
    "without the run's least remarkable fraud": _LEAST,
}


Show = Callable[[Pictured], None]


class FoldFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One model on one test week. None: it gives no probability."""

    train_from: str  # first day of the training week
    rows: int
    frauds: int
    average_precision: float
    roc_auc: float
    card_precision_100: float
    brier: float | None
    expected_over_real: float | None  # frauds


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One model: means over the folds, and the sample deviation of one fold."""

    average_precision: float
    roc_auc: float
    card_precision_100: float
    brier: float | None
    expected_over_real: float | None
    spread: dict[str, float]
    folds: list[FoldFigures]


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """All models on the same folds."""

    protocol: str
    source: str
    rows: int
    frauds: int
    ensemble: Figures
    autoencoder: Figures  # without any label-derived feature
    baselines: dict[str, Figures]  # on the Handbook's own features
    ablation: dict[str, Figures]  # the ensemble's trees, without the autoencoder and a family of features


def evaluate(
    data: FeatureSet, recipe: Recipe, *, source: str, progress: Progress, show: Show = lambda _: None
) -> Evaluation:
    """Fit and judge every model on the last four folds of ``data``.

    data    a replayed history: features as they were served, verdicts a week late
    source  names it
    show    hears what pictures are drawn from: all test weeks together
    Raises ModelError for a history that is too short.
    """
    customer = data.customer_codes()
    terminal = np.unique(np.asarray(data.terminal), return_inverse=True)[1].astype(np.int64)
    folds = last_folds(data.at, customer, data.fraud)
    progress("the Handbook's own features", 0.0)
    own = handbook_features(data.at, customer, terminal, data.amount, data.fraud)
    court = _Court(data, customer)
    for number, fold in enumerate(folds):

        def tell(what: str, share: float, number: int = number) -> None:
            progress(f"fold {number + 1} of {len(folds)}: {what}", (number + share) / len(folds))

        for name, baseline in BASELINES.items():
            tell(name, 0.1)
            score = baseline(own[fold.train], data.fraud[fold.train], own[fold.test], recipe.seed)
            court.judge(fold, "baselines", name, score, score if name in PROBABILISTIC else None)
        _ours(data, fold, recipe, court, tell)
    show(court.pictured())
    found = {kind: {name: _means(one) for name, one in models.items()} for kind, models in court.found.items()}
    return Evaluation(
        protocol="handbook",
        source=source,
        rows=len(data),
        frauds=int(data.fraud.sum()),
        ensemble=found["ours"]["ensemble"],
        autoencoder=found["ours"]["autoencoder"],
        baselines=found["baselines"],
        ablation=found["ablation"],
    )


@dataclass(slots=True)
class _Court:
    """Judges models and keeps what was found: kind → name → figures per fold."""

    data: FeatureSet
    customer: Ints
    found: dict[str, dict[str, list[FoldFigures]]] = field(default_factory=dict)
    scores: dict[str, list[Vector]] = field(default_factory=dict)  # model → of each test week, in log-odds where known
    rows: list[Ints] = field(default_factory=list)  # of each test week
    thresholds: list[float] = field(default_factory=list)  # of the ensemble, in log-odds
    importance: dict[str, float] = field(default_factory=dict)  # of the last fold's ensemble

    def judge(self, fold: Fold, kind: str, name: str, score: Vector, probability: Vector | None) -> None:
        rows = fold.test
        fraud = self.data.fraud[rows]
        ranking = Ranking(score, fraud)
        figures = FoldFigures(
            train_from=datetime.fromtimestamp(fold.begin / 1000, UTC).date().isoformat(),
            rows=len(rows),
            frauds=int(fraud.sum()),
            average_precision=ranking.average_precision(),
            roc_auc=ranking.roc_auc(),
            card_precision_100=card_precision(self.data.at[rows], self.customer[rows], score, fraud),
            brier=None if probability is None else brier(probability, fraud),
            expected_over_real=None if probability is None else float(probability.sum() / fraud.sum()),
        )
        self.found.setdefault(kind, {}).setdefault(name, []).append(figures)
        if kind != "ablation":
            told = score if probability is None else _log_odds(probability)
            self.scores.setdefault(name, []).append(told)

    def pictured(self) -> Pictured:
        """All test weeks together; the ensemble's threshold is the mean of its folds'."""
        rows = np.concatenate(self.rows)
        limit = statistics.fmean(self.thresholds)
        subjects = []
        for name, weeks in self.scores.items():
            score = np.concatenate(weeks)
            told = name in PROBABILISTIC or name == "ensemble"
            subjects.append(
                Subject(
                    name=name,
                    score=score,
                    threshold=limit if name == "ensemble" else math.inf,
                    budget=0.0,
                    probability=1.0 / (1.0 + np.exp(-score)) if told else None,
                )
            )
        subjects.sort(key=lambda one: (one.name != "ensemble", one.name != "autoencoder"))  # ours first
        return Pictured(
            subjects=tuple(subjects),
            fraud=self.data.fraud[rows],
            amount=self.data.amount[rows],
            importance=self.importance,
        )


def _ours(data: FeatureSet, fold: Fold, recipe: Recipe, court: _Court, tell: Progress) -> None:
    """Autoencoder and ensemble of one fold, and the trees without one family of features after the other."""
    tell("autoencoder and ensemble", 0.3)
    learnt = learn(data, fold, recipe)
    court.judge(fold, "ours", "autoencoder", learnt.strange(data, fold.test), None)
    score = learnt.suspicious(data, fold.test)
    probability = learnt.ensemble.probability(score)
    court.judge(fold, "ours", "ensemble", score, probability)
    limit = learnt.ensemble.probability(np.array([learnt.ensemble.threshold]))
    assert limit is not None  # the ensemble's always is
    court.thresholds.append(float(_log_odds(limit)[0]))
    court.rows.append(fold.test)
    drawn = data.x[np.ix_(fold.test[::_EXPLAINED], places(learnt.ensemble.features))]
    court.importance = mean_parts(learnt.ensemble.explain(drawn), learnt.ensemble.features)
    fraud = data.fraud[fold.train]
    for family, left_out in FAMILIES.items():
        tell(f"trees {family}", 0.8)
        kept = places(tuple(name for name in TREE_FEATURES if name not in left_out))
        trees, offset = boost(data.x[np.ix_(fold.train, kept)], fraud, Boosting(seed=recipe.seed))
        odds = trees.margin(data.x[np.ix_(fold.test, kept)]) + offset
        court.judge(fold, "ablation", f"trees {family}", odds, 1.0 / (1.0 + np.exp(-odds)))


def _log_odds(probability: Vector) -> Vector:
    told = np.clip(probability, _SURE, 1.0 - _SURE)
    return np.log(told / (1.0 - told))


def _means(folds: list[FoldFigures]) -> Figures:
    names = ("average_precision", "roc_auc", "card_precision_100", "brier", "expected_over_real")
    values = {name: [getattr(one, name) for one in folds] for name in names}
    known = {name: column for name, column in values.items() if None not in column}
    means = {name: statistics.fmean(known[name]) if name in known else None for name in names}
    spread = {name: statistics.stdev(column) if len(column) > 1 else math.nan for name, column in known.items()}
    return Figures(**means, spread=spread, folds=folds)  # type: ignore[arg-type]  # the first three are always known
