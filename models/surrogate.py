"""What a detector's scores are made of: the mean part of each feature, and a small tree that says nearly the same.

Source: Craven & Shavlik (1996), extracting tree-structured representations of trained networks, for the tree.
"""

import msgspec
import numpy as np
from sklearn.tree import DecisionTreeRegressor, export_text

from models.dataset import FeatureSet, Ints
from models.detector import Detector, Matrix, Vector
from models.evaluation import Ranking
from stream.core.names import FEATURES

_LEAVES = 16
_LEAST = 20  # payments in a leaf
_EXPLAINED = 4_000  # payments, of which the mean parts are taken: exact Shapley values take .3 ms each
_UNKNOWN = -1.0  # stands for no history: below whatever a feature may be


class Surrogate(msgspec.Struct, frozen=True, kw_only=True):
    """A tree over the detector's probability, and its fidelity on rows it has not seen.

    rules              as text, a leaf's value is the probability it says
    r2                 share of the probability's variance that it explains
    agreement          share of the ensemble's alerts that are alerts of the tree, as many of them
    average_precision  of the tree, against the truth
    """

    rules: str
    r2: float
    agreement: float
    average_precision: float


class Insight(msgspec.Struct, frozen=True, kw_only=True):
    """Of one detector on the test window.

    importance  feature → mean size of its part of the score, the greatest first
    """

    detector: str
    importance: dict[str, float]
    surrogate: Surrogate


def look_into(detector: Detector, data: FeatureSet, rows: Ints) -> Insight:
    """Explain a detector on rows that it did not learn from."""
    x = np.ascontiguousarray(data.x[np.ix_(rows, np.array([FEATURES.index(name) for name in detector.features]))])
    drawn = x[:: -(-len(x) // _EXPLAINED)]
    score = detector.score(x)
    told = detector.probability(score)
    assert told is not None  # the ensemble's always is
    surrogate = fit_surrogate(x, list(detector.features), told, score >= detector.threshold, data.fraud[rows])
    return Insight(
        detector=detector.name,
        importance=mean_parts(detector.explain(drawn), detector.features),
        surrogate=surrogate,
    )


def fit_surrogate(x: Matrix, names: list[str], told: Vector, alert: np.ndarray, fraud: Ints) -> Surrogate:
    """Fit a tree to the probabilities of every other row, and hold it to the rest.

    x                   (n, d)
    told, alert, fraud  (n,) what the detector says and whether it alerts; 1 a fraud
    """
    filled = np.nan_to_num(x, nan=_UNKNOWN)
    tree = DecisionTreeRegressor(max_leaf_nodes=_LEAVES, min_samples_leaf=_LEAST, random_state=0)
    tree.fit(filled[::2], told[::2])
    said, real, alerts = tree.predict(filled[1::2]), told[1::2], alert[1::2]
    by_tree = np.zeros(len(said), bool)
    by_tree[np.argsort(-said, kind="stable")[: int(alerts.sum())]] = True
    return Surrogate(
        rules=export_text(tree, feature_names=names, decimals=2),
        r2=float(1.0 - ((real - said) ** 2).sum() / ((real - real.mean()) ** 2).sum()),
        agreement=float((alerts & by_tree).sum() / max(alerts.sum(), 1)),
        average_precision=float(Ranking(said, fraud[1::2]).average_precision()),
    )


def mean_parts(parts: Matrix, names: tuple[str, ...]) -> dict[str, float]:
    """Mean size of each feature's part of the score, the greatest first, without those that are always 0."""
    sizes = np.abs(parts).mean(axis=0)
    order = np.argsort(-sizes, kind="stable")
    return {names[j]: float(sizes[j]) for j in order.tolist() if sizes[j] > 0.0}
