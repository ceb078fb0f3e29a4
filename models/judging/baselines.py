"""What the detectors are measured against: well-known models on the Handbook's own fifteen features.

Each is fitted on a training week and scores a test week; settings are those of the published figures where there are
any: see ``docs/models.md``.
"""

from collections.abc import Callable

import numpy as np
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from models.dataset import Ints
from models.detector import Matrix, Vector
from models.judging.comparators import PcaResidual

Baseline = Callable[[Matrix, Ints, Matrix, int], Vector]  # training rows, their truth, test rows, seed → scores


def logistic_regression(train: Matrix, fraud: Ints, test: Matrix, seed: int) -> Vector:
    """Probabilities of a logistic regression on standardised features."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000, random_state=seed))
    return np.asarray(model.fit(train, fraud).predict_proba(test)[:, 1])


def random_forest(train: Matrix, fraud: Ints, test: Matrix, seed: int) -> Vector:
    """Probabilities of 100 trees of depth 20, as published."""
    model = RandomForestClassifier(100, max_depth=20, random_state=seed, n_jobs=1)
    return np.asarray(model.fit(train, fraud).predict_proba(test)[:, 1])


def xgboost(train: Matrix, fraud: Ints, test: Matrix, seed: int) -> Vector:
    """Probabilities of 50 trees of depth 3, as published; a histogram or another base score would cost it .1."""
    model = XGBClassifier(
        n_estimators=50,
        max_depth=3,
        learning_rate=0.3,
        tree_method="exact",
        base_score=0.5,
        random_state=seed,
        n_jobs=1,
    )
    return np.asarray(model.fit(train, fraud).predict_proba(test)[:, 1], np.float64)


def isolation_forest(train: Matrix, fraud: Ints, test: Matrix, seed: int) -> Vector:  # noqa: ARG001  # learns no label
    """How early 100 trees single a payment out."""
    return np.asarray(-IsolationForest(n_estimators=100, random_state=seed).fit(train).score_samples(test))


def pca_residual(train: Matrix, fraud: Ints, test: Matrix, seed: int) -> Vector:  # noqa: ARG001  # nor does this
    """What five principal components of the standardised features leave over."""
    scaler = StandardScaler().fit(train)
    seen, unseen = (scaler.transform(x).astype(np.float32) for x in (train, test))
    return PcaResidual(seen, seen, k=5).score(unseen)


BASELINES: dict[str, Baseline] = {
    "logistic_regression": logistic_regression,
    "random_forest": random_forest,
    "xgboost": xgboost,
    "isolation_forest": isolation_forest,
    "pca_residual": pca_residual,
}
PROBABILISTIC = frozenset({"logistic_regression", "random_forest", "xgboost"})
