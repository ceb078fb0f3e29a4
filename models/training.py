"""From a history to detectors: split, fit, calibrate, judge, all in one place. Imports TensorFlow."""

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import keras
import msgspec
import numba
import numpy as np
import sklearn
import tensorflow as tf
import xgboost

from models import network, robust
from models.artifact import Baseline, Network, Operating, Provenance
from models.autoencoder import ACTIVATION, Autoencoder
from models.calibration import conformal_threshold, fit_calibration
from models.dataset import FeatureSet, Ints
from models.detector import Detector, Vector
from models.ensemble_training import Taught, fit_ensemble, usual
from models.judging import comparators
from models.reference import Reference, reference_of
from models.report import Report, Subject, judge
from models.scaling import LEAST_HISTORY, Scaling, fit_scaling, scale_rows
from models.splits import Plan, Split, not_known_as_fraud, split_by_time
from models.surprise import Surprise, fit_surprise
from models.surrogate import look_into
from models.thresholds.table import Table
from models.thresholds.training import Scores, fit_table, scores_of
from stream.core.names import FEATURES, LABEL_FEATURES

JUDGED = ("amount", "amount_robust_z", "seconds_since_last", "amount_to_median_30d")  # what a payment itself brings
NAIVE_THRESHOLD = 0.01  # of the tutorials, for comparison
Progress = Callable[[str, float], None]  # what is being done; share of it done, 0 … 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What decides a training beside its history.

    budget    (0, 1) share of genuine events that may be alerted on
    strange   (0, 1) likewise, for what learnt from no verdict: most of what is only strange is no fraud
    hidden    units per hidden layer; the narrowest is the code
    max_rows  training rows at most, drawn evenly over the window
    """

    plan: Plan = field(default_factory=Plan)
    budget: float = 0.002
    strange: float = 0.0005
    seed: int = 7
    hidden: tuple[int, ...] = (32, 12, 32)
    epochs: int = 16
    clip: float = 10.0
    max_rows: int = 400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """An autoencoder over some features, before its threshold.

    columns   (d,) of the feature matrix that it reads
    surprise  of the residuals of all of them
    """

    columns: Ints
    scaling: Scaling
    model: keras.Model
    surprise: Surprise

    def judging(self, names: Sequence[str]) -> tuple[Ints, Surprise]:
        """Find the places among ``columns`` of the features to be judged, and their surprises."""
        places = np.array([j for j, column in enumerate(self.columns) if FEATURES[column] in names], np.int64)
        return places, Surprise(size=self.surprise.size[places], nats=self.surprise.nats[places])


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """All that goes into an artefact."""

    fitted: Fitted
    network: Network
    baseline: Baseline
    taught: Taught | None  # None: the calibration window holds too few frauds to learn from
    provenance: Provenance
    report: Report
    reference: Reference  # of the test window
    thresholds: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    train: Ints
    stop: Ints
    calibration: Ints
    test: Ints


def train(
    data: FeatureSet, recipe: Recipe, *, source: str, progress: Progress, groups: Mapping[str, str] | None = None
) -> Trained:
    """Train, calibrate and judge both detectors and what they are compared with.

    data      a history of ``recipe.plan.needed`` days or more
    source    names it in the manifest
    progress  hears what is being done
    groups    customer → group: alerts are compared over them, and nothing learns from them
    Raises ModelError for a history that is too short or holds too few events for the budget.
    """
    split = split_by_time(data.at, recipe.plan)
    rows = _select(data, split, recipe)
    tell = _Steps(progress, recipe.epochs)
    blind = np.array([j for j, name in enumerate(FEATURES) if name not in LABEL_FEATURES])
    fitted = fit(data, rows.train, rows.stop, blind, recipe, tell.epochs("autoencoder"))
    described = _network(data, rows, fitted, recipe, JUDGED)
    baseline = _baseline(data, rows, recipe)
    progress("ensemble", 0.0)
    taught = fit_ensemble(data, rows.calibration, serve(described, fitted), budget=recipe.budget, seed=recipe.seed)
    subjects = [
        *([_subject("ensemble", taught.detector, data, rows, recipe.budget)] if taught else []),
        _subject("autoencoder", serve(described, fitted), data, rows, recipe.strange),
        _subject("robust", robust.Robust(baseline, version=""), data, rows, recipe.budget),
        *_compared(data, rows, fitted, recipe, tell),
    ]
    scores = {} if taught is None else {"ensemble": Scores(score=taught.unseen, budget=recipe.budget)}
    scores["autoencoder"] = scores_of(serve(described, fitted), recipe.strange, data, rows.calibration)
    scores["robust"] = scores_of(robust.Robust(baseline, version=""), recipe.budget, data, rows.calibration)
    thresholds = fit_table(data, rows.calibration, scores, seed=recipe.seed)
    progress("judging", 0.0)
    insight = look_into(taught.detector, data, rows.test) if taught else None
    report = judge(data, rows.test, subjects, thresholds, insight, seed=recipe.seed, groups=groups or {})
    progress("judging", 1.0)
    provenance = _provenance(split, rows, recipe, source)
    return Trained(
        fitted=fitted,
        network=described,
        baseline=baseline,
        taught=taught,
        provenance=provenance,
        report=report,
        reference=reference_of(data.x[rows.test], _served(described, fitted, baseline, taught)),
        thresholds=thresholds,
    )


def fit(data: FeatureSet, rows: Ints, later: Ints, columns: Ints, recipe: Recipe, tell: network.Tell) -> Fitted:
    """Fit scaling and network on ``rows``, stop early and learn what residuals are surprising on ``later``.

    columns  (d,) of the feature matrix
    """
    x = data.x[np.ix_(rows, columns)]
    scaling = fit_scaling(x, [FEATURES[j] for j in columns], clip=recipe.clip)
    scaled_later = scale_rows(data.x[np.ix_(later, columns)], scaling)
    model = network.fit_autoencoder(
        scale_rows(x, scaling), scaled_later, hidden=recipe.hidden, seed=recipe.seed, epochs=recipe.epochs, tell=tell
    )
    residual = (scaled_later - network.rebuild(model, scaled_later)).astype(np.float64)
    return Fitted(columns=columns, scaling=scaling, model=model, surprise=fit_surprise(residual))


def serve(described: Network, fitted: Fitted) -> Autoencoder:
    """Build the detector as the worker will: figures are judged on what is served."""
    places, surprise = fitted.judging(described.judged)
    weights = network.freeze(fitted.model, places)
    return Autoencoder(described, scaling=fitted.scaling, weights=weights, surprise=surprise, version="")


def _served(described: Network, fitted: Fitted, baseline: Baseline, taught: Taught | None) -> list[Detector]:
    """All that an artefact can serve."""
    learnt: list[Detector] = [taught.detector] if taught else []
    return [*learnt, serve(described, fitted), robust.Robust(baseline, version="")]


def _select(data: FeatureSet, split: Split, recipe: Recipe) -> _Rows:
    within = split.rows(data.at, split.train)
    honest = within[not_known_as_fraud(data.at[within], data.fraud[within], delay=split.delay, as_of=split.train[1])]
    step = -(-len(honest) // recipe.max_rows)
    stop = split.rows(data.at, split.stop)
    known = not_known_as_fraud(data.at[stop], data.fraud[stop], delay=split.delay, as_of=split.test[0])
    return _Rows(
        train=honest[:: max(step, 1)],
        stop=stop[known],
        calibration=split.rows(data.at, split.calibration),
        test=split.rows(data.at, split.test),
    )


def draft_network(
    data: FeatureSet, rows: Ints, fitted: Fitted, recipe: Recipe, judged: Sequence[str] = JUDGED
) -> Network:
    """Describe a fitted autoencoder that has no threshold yet.

    rows    of ``data`` that say what is usual
    judged  features whose residuals are to make the score, where the autoencoder reads them
    """
    names = [FEATURES[j] for j in fitted.columns]
    kept = [name for name in names if name in judged]
    return Network(
        features=names,
        judged=kept,
        sizes=[len(names), *recipe.hidden, len(kept)],
        activation=ACTIVATION,
        clip=recipe.clip,
        least_history=LEAST_HISTORY,
        usual=usual(data.x[np.ix_(rows, fitted.columns)]),
        operating=Operating(threshold=np.inf, calibration_score=[0.0], calibration_probability=[0.0]),
    )


def _network(data: FeatureSet, rows: _Rows, fitted: Fitted, recipe: Recipe, judged: Sequence[str]) -> Network:
    draft = draft_network(data, rows.train, fitted, recipe, judged)
    score = serve(draft, fitted).score(data.x[np.ix_(rows.calibration, fitted.columns)])
    return msgspec.structs.replace(draft, operating=operate(score, data.fraud[rows.calibration], recipe.strange))


def _baseline(data: FeatureSet, rows: _Rows, recipe: Recipe) -> Baseline:
    columns = [FEATURES.index(name) for name in robust.FEATURES]
    x = data.x[:, columns]
    month = float(np.median(x[rows.train, robust.FEATURES.index("customer_count_30d")]))
    unusual = robust.fit_unusual(x[rows.train], month)
    score, _ = robust.judge(x[rows.calibration], unusual, month)
    return Baseline(
        features=list(robust.FEATURES),
        unusual=unusual,
        usual_month=month,
        usual=usual(x[rows.train]),
        operating=operate(score, data.fraud[rows.calibration], recipe.budget),
    )


def operate(score: Vector, fraud: Ints, budget: float) -> Operating:
    """Choose threshold and probability table from calibration scores and their labels, ``(n,)`` each."""
    table = fit_calibration(score, fraud)
    return Operating(
        threshold=conformal_threshold(score[fraud == 0], budget=budget),
        calibration_score=table.score.tolist(),
        calibration_probability=table.probability.tolist(),
    )


def _subject(name: str, detector: Detector, data: FeatureSet, rows: _Rows, budget: float) -> Subject:
    columns = np.array([FEATURES.index(feature) for feature in detector.features])
    score = detector.score(data.x[np.ix_(rows.test, columns)])
    told = detector.probability(score)
    return Subject(name=name, score=score, threshold=detector.threshold, budget=budget, probability=told)


def _compared(data: FeatureSet, rows: _Rows, fitted: Fitted, recipe: Recipe, tell: "_Steps") -> list[Subject]:
    judging_all = _network(data, rows, fitted, recipe, FEATURES)
    naive = network.fit_naive(
        data.x[rows.train],
        data.x[rows.stop],
        hidden=recipe.hidden,
        seed=recipe.seed,
        epochs=recipe.epochs,
        tell=tell.epochs("naive autoencoder"),
    )
    tell.progress("PCA and isolation forest", 0.0)
    columns = fitted.columns
    scaled = {
        name: scale_rows(data.x[np.ix_(getattr(rows, name), columns)], fitted.scaling) for name in _Rows.__slots__
    }
    pca = comparators.PcaResidual(scaled["train"], scaled["stop"], k=min(recipe.hidden))
    forest = comparators.Forest(scaled["train"], seed=recipe.seed)
    genuine = data.fraud[rows.calibration] == 0

    def budgeted(name: str, test: Vector, calibration: Vector) -> Subject:
        threshold = conformal_threshold(calibration[genuine], budget=recipe.strange)
        return Subject(name=name, score=test, threshold=threshold, budget=recipe.strange)

    return [
        _subject("autoencoder_judging_all", serve(judging_all, fitted), data, rows, recipe.strange),
        Subject(
            name="naive_autoencoder",
            score=network.naive_score(naive, data.x[rows.test]),
            threshold=NAIVE_THRESHOLD,
            budget=recipe.strange,
        ),
        budgeted("pca_residual", pca.score(scaled["test"]), pca.score(scaled["calibration"])),
        budgeted("isolation_forest", forest.score(scaled["test"]), forest.score(scaled["calibration"])),
        budgeted("robust_z", comparators.robust_z(data.x[rows.test]), comparators.robust_z(data.x[rows.calibration])),
    ]


def _provenance(split: Split, rows: _Rows, recipe: Recipe, source: str) -> Provenance:
    return Provenance(
        source=source,
        seed=recipe.seed,
        alert_budget=recipe.budget,
        strange_budget=recipe.strange,
        label_delay_days=recipe.plan.delay,
        windows={name: list(getattr(split, name)) for name in _Rows.__slots__},
        rows={name: len(getattr(rows, name)) for name in _Rows.__slots__},
        versions={
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "scikit-learn": sklearn.__version__,
            "xgboost": xgboost.__version__,
        },
    )


@dataclass(frozen=True, slots=True)
class _Steps:
    progress: Progress
    epochs_at_most: int

    def epochs(self, what: str) -> network.Tell:
        """Tell epochs of a fit as a share of it."""
        self.progress(what, 0.0)

        def tell(done: int, loss: float) -> None:
            self.progress(f"{what}, loss {loss:.4f}", done / self.epochs_at_most)

        return tell
