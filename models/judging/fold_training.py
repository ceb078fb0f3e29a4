"""Ensemble and autoencoder of one fold, made as `weir train` makes them: from the training week alone."""

from dataclasses import dataclass

import numpy as np

from models.autoencoder import Autoencoder
from models.boosting import Boosting
from models.dataset import FeatureSet, Ints
from models.detector import Vector
from models.ensemble import Ensemble
from models.judging.protocol import WEEK, Fold
from models.stacking import TREE_FEATURES, stack_up
from models.training import Recipe, draft_network, fit, serve
from stream.core.names import DAY_MS, FEATURES, LABEL_FEATURES

_STOP_DAYS = 2  # of the training week, on which the autoencoder's training is stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """Both detectors of a fold."""

    autoencoder: Autoencoder
    ensemble: Ensemble

    def strange(self, data: FeatureSet, rows: Ints) -> Vector:
        """Scores of the autoencoder, ``(rows,)``."""
        return self.autoencoder.score(np.ascontiguousarray(data.x[np.ix_(rows, places(self.autoencoder.features))]))

    def suspicious(self, data: FeatureSet, rows: Ints) -> Vector:
        """Scores of the ensemble, ``(rows,)``."""
        return self.ensemble.score(data.x[np.ix_(rows, places(self.ensemble.features))])


def places(names: tuple[str, ...]) -> Ints:
    """Find the columns of features."""
    return np.array([FEATURES.index(name) for name in names], np.int64)


def learn(data: FeatureSet, fold: Fold, recipe: Recipe) -> Learnt:
    """Fit both; every verdict on the training week is known before the first payment of the test."""
    autoencoder = _autoencoder(data, fold, recipe)
    seen = places(autoencoder.features)
    strange = autoencoder.score(np.ascontiguousarray(data.x[np.ix_(fold.train, seen)]))
    fraud = data.fraud[fold.train]
    x = data.x[np.ix_(fold.train, places(TREE_FEATURES))]
    fitted = stack_up(x, fraud, strange, Boosting(seed=recipe.seed))
    ensemble = Ensemble(
        fitted.trees,
        TREE_FEATURES,
        autoencoder,
        fitted.stack,
        threshold=fitted.threshold(fraud, budget=recipe.budget),
        usual={},
        version="",
    )
    return Learnt(autoencoder=autoencoder, ensemble=ensemble)


def _autoencoder(data: FeatureSet, fold: Fold, recipe: Recipe) -> Autoencoder:
    """Fit one on the genuine payments of the training week, without any label-derived feature."""
    columns = np.array([j for j, name in enumerate(FEATURES) if name not in LABEL_FEATURES])
    last = fold.begin + (WEEK - _STOP_DAYS) * DAY_MS
    genuine = fold.train[data.fraud[fold.train] == 0]
    cut = int(np.searchsorted(data.at[genuine], last))
    fitted = fit(data, genuine[:cut], genuine[cut:], columns, recipe, lambda done, loss: None)  # noqa: ARG005
    return serve(draft_network(data, genuine, fitted, recipe), fitted)
