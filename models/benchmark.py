"""The figures of a protocol: ensemble, autoencoder and baselines on every fold, each fitted on its training week alone.

What is judged is what would be served: the detectors' own kernels, on features as the live stages computed them.
"""

import math
import statistics
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import numpy as np

from models.autoencoder import Autoencoder
from models.baselines import BASELINES, PROBABILISTIC
from models.boosting import Boosting, boost
from models.dataset import FeatureSet, Ints
from models.detector import Vector
from models.ensemble import Ensemble
from models.evaluation import Ranking, brier, card_precision
from models.handbook_features import handbook_features
from models.protocol import Fold, last_folds
from models.stacking import TREE_FEATURES, stack_up
from models.training import Progress, Recipe, draft_network, fit, serve
from stream.core.names import DAY_MS, FEATURES, LABEL_FEATURES

_STOP_DAYS = 2  # of the training week, on which the autoencoder's training is stopped
_LEAST = ("terminal_fraud_run_amount", "terminal_fraud_run_ratio")
_RUN = ("terminal_fraud_run", "terminal_fraud_run_days", "terminal_clean_days", *_LEAST)
FAMILIES: dict[str, tuple[str, ...]] = {
    "alone": (),  # no autoencoder
    "without the customer's level": ("amount_ratio", "customer_count_30d", "customer_peak_7d"),
    "without the customer's peak": ("customer_peak_7d",),
    "without the terminal's verdicts": _RUN,
    "without the run's least remarkable fraud": _LEAST,
}


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


def evaluate(data: FeatureSet, recipe: Recipe, *, source: str, progress: Progress) -> Evaluation:
    """Fit and judge every model on the last four folds of ``data``.

    data    a replayed history: features as they were served, verdicts a week late
    source  names it
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


def _ours(data: FeatureSet, fold: Fold, recipe: Recipe, court: _Court, tell: Progress) -> None:
    """Autoencoder and ensemble of one fold, and the trees without one family of features after the other."""
    tell("autoencoder", 0.3)
    autoencoder, columns = _autoencoder(data, fold, recipe)
    strange = autoencoder.score(np.ascontiguousarray(data.x[np.ix_(fold.train, columns)]))
    later = autoencoder.score(np.ascontiguousarray(data.x[np.ix_(fold.test, columns)]))
    court.judge(fold, "ours", "autoencoder", later, None)
    tell("ensemble", 0.5)
    fraud, recipe_of_trees = data.fraud[fold.train], Boosting(seed=recipe.seed)
    x = data.x[np.ix_(fold.train, _places(TREE_FEATURES))]
    fitted = stack_up(x, fraud, strange, recipe_of_trees)
    threshold = fitted.threshold(fraud, budget=recipe.budget)
    ensemble = Ensemble(
        fitted.trees, TREE_FEATURES, autoencoder, fitted.stack, threshold=threshold, usual={}, version=""
    )
    score = ensemble.score(data.x[np.ix_(fold.test, _places(ensemble.features))])
    court.judge(fold, "ours", "ensemble", score, ensemble.probability(score))
    for family, left_out in FAMILIES.items():
        tell(f"trees {family}", 0.8)
        kept = _places(tuple(name for name in TREE_FEATURES if name not in left_out))
        trees, offset = boost(data.x[np.ix_(fold.train, kept)], fraud, recipe_of_trees)
        odds = trees.margin(data.x[np.ix_(fold.test, kept)]) + offset
        court.judge(fold, "ablation", f"trees {family}", odds, 1.0 / (1.0 + np.exp(-odds)))


def _places(names: tuple[str, ...]) -> Ints:
    return np.array([FEATURES.index(name) for name in names], np.int64)


def _autoencoder(data: FeatureSet, fold: Fold, recipe: Recipe) -> tuple[Autoencoder, Ints]:
    """Fit one on the genuine payments of the training week, as `weir train` does, without any label-derived feature.

    Every verdict on them is known before the first payment of the test.
    """
    columns = np.array([j for j, name in enumerate(FEATURES) if name not in LABEL_FEATURES])
    last = fold.begin + (7 - _STOP_DAYS) * DAY_MS
    genuine = fold.train[data.fraud[fold.train] == 0]
    cut = int(np.searchsorted(data.at[genuine], last))
    fitted = fit(data, genuine[:cut], genuine[cut:], columns, recipe, lambda done, loss: None)  # noqa: ARG005
    return serve(draft_network(data, genuine, fitted, recipe), fitted), columns


def _means(folds: list[FoldFigures]) -> Figures:
    names = ("average_precision", "roc_auc", "card_precision_100", "brier", "expected_over_real")
    values = {name: [getattr(one, name) for one in folds] for name in names}
    known = {name: column for name, column in values.items() if None not in column}
    means = {name: statistics.fmean(known[name]) if name in known else None for name in names}
    spread = {name: statistics.stdev(column) if len(column) > 1 else math.nan for name, column in known.items()}
    return Figures(**means, spread=spread, folds=folds)  # type: ignore[arg-type]  # the first three are always known
