"""The ensemble of a training: trees and stacker from a window whose verdicts are all known, as they will be served."""

from dataclasses import dataclass

import numpy as np

from models.artifact import Stacking
from models.autoencoder import Autoencoder
from models.boosting import Boosting
from models.dataset import FeatureSet, Ints
from models.detector import Matrix, Vector
from models.ensemble import Ensemble
from models.stacking import TREE_FEATURES, stack_up
from models.trees import Trees
from stream.core.names import FEATURES

LEAST_FRAUDS = 20  # with fewer, trees learn names by heart


def usual(x: Matrix) -> list[float | None]:
    """Take the median per column of ``x (n, d)``, None where a column holds only nan."""
    medians = [np.median(column[~np.isnan(column)]) if not np.isnan(column).all() else None for column in x.T]
    return [None if median is None else float(median) for median in medians]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """An ensemble: its trees, the rest of it for the manifest, and both together as a detector.

    unseen  (n,) scores of the rows it learnt from, by trees that had not
    """

    trees: Trees
    stacking: Stacking
    detector: Ensemble
    unseen: Vector


def fit_ensemble(
    data: FeatureSet, learnt: Ints, autoencoder: Autoencoder, *, budget: float, seed: int
) -> Taught | None:
    """Learn from the verdicts on some rows.

    learnt  of a window whose verdicts are known before the test window begins
    budget  share of genuine payments that may be alerted on
    -> None where there are fewer frauds than ``LEAST_FRAUDS``
    """
    if int(data.fraud[learnt].sum()) < LEAST_FRAUDS:
        return None
    columns = np.array([FEATURES.index(name) for name in TREE_FEATURES])
    seen = np.array([FEATURES.index(name) for name in autoencoder.features])
    strange = autoencoder.score(data.x[np.ix_(learnt, seen)])
    x, fraud = data.x[np.ix_(learnt, columns)], data.fraud[learnt]
    stacked = stack_up(x, fraud, strange, Boosting(seed=seed))
    ordinary = usual(data.x[learnt])
    stacking = Stacking(
        features=list(TREE_FEATURES),
        usual={name: value for name, value in zip(FEATURES, ordinary, strict=True) if value is not None},
        intercept=stacked.stack.intercept,
        slope=stacked.stack.slope,
        weight=stacked.stack.weight,
        ordinary=stacked.stack.ordinary,
        threshold=stacked.threshold(fraud, budget=budget),
    )
    detector = Ensemble(
        stacked.trees,
        TREE_FEATURES,
        autoencoder,
        stacked.stack,
        threshold=stacking.threshold,
        usual=stacking.usual,
        version="",
    )
    return Taught(trees=stacked.trees, stacking=stacking, detector=detector, unseen=stacked.unseen)
