"""The detectors' methods on real card payments: the data of Worldline and ULB, two days of September 2013.

Its features are principal components, so it can't be streamed; what is judged is how ours learn: boosted trees from the
first day's verdicts, the denoising autoencoder and its surprises from the first day's genuine payments, both on the
second day. Rows that stand for others of their kind are weighted, so that figures are at the native share of frauds.
Source: Dal Pozzolo et al. (2015), Calibrating Probability with Undersampling for Unbalanced Classification.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models import network
from models.boosting import Boosting, boost
from models.dataset import Ints
from models.detector import Matrix, Vector
from models.evaluation import Ranking
from models.judging.comparators import PcaResidual
from models.scaling import Floats32, fit_scaling, scale_rows
from models.surprise import fit_surprise, surprises
from stream.errors import ModelError

COLUMNS = (*(f"V{i}" for i in range(1, 29)), "Amount")
BOOSTING = Boosting(trees=600, depth=6, rate=0.03, rows=0.8, columns=0.3, least=1.0, ridge=2.0)
_HIDDEN = (32, 12, 32)
_EPOCHS = 40
_LATER = 0.25  # of the first day's genuine payments: when to stop, and what is surprising
_REPEATS = 400  # of the bootstrap
_GENUINE = 284_315  # in the whole of the data, of which a part may stand for all
Progress = Callable[[str, float], None]


class UlbFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One model on the second day, weighted to the native share of frauds; 95 % by bootstrap over payments."""

    average_precision: float
    average_precision_95: list[float]
    roc_auc: float
    roc_auc_95: list[float]


class UlbEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """All models on the same split."""

    protocol: str
    source: str
    rows: int
    frauds: int
    test_frauds: int
    genuine_weight: float
    supervised: UlbFigures
    autoencoder: UlbFigures  # learns from no verdict but that a payment was genuine
    baselines: dict[str, UlbFigures]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Payments in order of time.

    x       (n, 29)
    fraud   (n,)  1 a fraud
    second  (n,)  True on the second day
    weight  of a genuine payment; a fraud's is 1
    """

    x: Matrix
    fraud: Ints
    second: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
    weight: float

    @property
    def weights(self) -> Vector:
        """Weight of each row, ``(n,)``."""
        return np.where(self.fraud == 1, 1.0, self.weight)


def read_table(path: Path) -> Table:
    """Read the data, or a part of it as CSV or Parquet; of a part with a column ``uniform`` only what it marks.

    Raises ModelError where columns are missing or a day holds no fraud.
    """
    file = next(iter(sorted((*path.glob("*.parquet"), *path.glob("*.csv")))), path) if path.is_dir() else path
    try:
        frame = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise ModelError(f"{file.name}: expected a CSV or Parquet file, was {type(error).__name__}") from None
    missing = [name for name in ("Time", *COLUMNS, "Class") if name not in frame]
    if missing:
        raise ModelError(f"{file.name}: expected column {missing[0]} of the ULB data, was none")
    frame = frame.sort_values("Time", kind="stable")
    fraud = frame["Class"].to_numpy().astype(np.int64)
    weight = 1.0
    if "uniform" in frame:
        drawn = frame["uniform"].to_numpy().astype(bool) & (fraud == 0)
        weight = _GENUINE / max(int(drawn.sum()), 1)
        frame, fraud = frame[drawn | (fraud == 1)], fraud[drawn | (fraud == 1)]
    at = frame["Time"].to_numpy(np.float64)
    second = at >= (at.min() + at.max()) / 2.0
    if not fraud[second].sum() or not fraud[~second].sum():
        raise ModelError(f"{file.name}: expected frauds on both days, was {int(fraud.sum())} in all")
    return Table(x=frame[list(COLUMNS)].to_numpy(np.float64), fraud=fraud, second=second, weight=weight)


def evaluate_file(path: Path, *, seed: int, progress: Progress) -> UlbEvaluation:
    """Read and judge; see :func:`read_table` and :func:`evaluate`."""
    return evaluate(read_table(path), seed=seed, source=path.name, progress=progress)


def evaluate(table: Table, *, seed: int, source: str, progress: Progress) -> UlbEvaluation:
    """Fit on the first day, judge on the second.

    seed    of trees, network, forest and bootstrap
    source  names the data
    """
    scores: dict[str, Vector] = {}
    for number, (name, model) in enumerate(_MODELS.items()):
        progress(name, number / len(_MODELS))
        scores[name] = model(table, seed)
    figures = {name: _figures(table, score, seed) for name, score in scores.items()}
    return UlbEvaluation(
        protocol="ulb",
        source=source,
        rows=len(table.fraud),
        frauds=int(table.fraud.sum()),
        test_frauds=int(table.fraud[table.second].sum()),
        genuine_weight=table.weight,
        supervised=figures.pop("supervised"),
        autoencoder=figures.pop("autoencoder"),
        baselines=figures,
    )


def _figures(table: Table, score: Vector, seed: int) -> UlbFigures:
    ranking = Ranking(score, table.fraud[table.second])
    weight, chance = table.weights[table.second], np.random.default_rng(seed)
    n = len(weight)
    drawn = [weight * chance.multinomial(n, np.full(n, 1.0 / n)) for _ in range(_REPEATS)]
    precisions, areas = zip(*((ranking.average_precision(w), ranking.roc_auc(w)) for w in drawn), strict=True)
    ends = (0.025, 0.975)
    return UlbFigures(
        average_precision=ranking.average_precision(weight),
        average_precision_95=np.nanquantile(precisions, ends).tolist(),
        roc_auc=ranking.roc_auc(weight),
        roc_auc_95=np.nanquantile(areas, ends).tolist(),
    )


def _supervised(table: Table, seed: int) -> Vector:
    """Boosted trees; their settings were chosen within the first day."""
    trees, _ = boost(table.x[~table.second], table.fraud[~table.second], replace(BOOSTING, seed=seed))
    return trees.margin(table.x[table.second])


def _scaled(table: Table) -> tuple[Floats32, Floats32, Floats32]:
    """The first day's genuine payments, earlier and later, and all of the second day, as the autoencoder reads them."""
    genuine = np.flatnonzero(~table.second & (table.fraud == 0))
    early, later = np.split(genuine, [int(len(genuine) * (1.0 - _LATER))])
    scaling = fit_scaling(table.x[early], COLUMNS)
    scaled = [scale_rows(table.x[rows], scaling) for rows in (early, later, np.flatnonzero(table.second))]
    return scaled[0], scaled[1], scaled[2]


def _autoencoder(table: Table, seed: int) -> Vector:
    """The autoencoder as `weir train` fits it, every component judged."""
    early, later, test = _scaled(table)
    model = network.fit_autoencoder(early, later, hidden=_HIDDEN, seed=seed, epochs=_EPOCHS, tell=lambda *_: None)
    tables = fit_surprise((later - network.rebuild(model, later)).astype(np.float64))
    return surprises((test - network.rebuild(model, test)).astype(np.float64), tables).sum(axis=1)


def _pca(table: Table, seed: int) -> Vector:  # noqa: ARG001  # nothing is drawn
    """PCA residual with the autoencoder's bottleneck."""
    early, later, test = _scaled(table)
    return PcaResidual(early, later, k=min(_HIDDEN)).score(test)


def _forest(table: Table, seed: int) -> Vector:
    genuine = ~table.second & (table.fraud == 0)
    forest = IsolationForest(n_estimators=100, random_state=seed).fit(table.x[genuine])
    return np.asarray(-forest.score_samples(table.x[table.second]))


def _logistic(table: Table, seed: int) -> Vector:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000, random_state=seed))
    model.fit(table.x[~table.second], table.fraud[~table.second])
    return np.asarray(model.decision_function(table.x[table.second]))


_MODELS: dict[str, Callable[[Table, int], Vector]] = {
    "supervised": _supervised,
    "autoencoder": _autoencoder,
    "logistic_regression": _logistic,
    "pca_residual": _pca,
    "isolation_forest": _forest,
}
