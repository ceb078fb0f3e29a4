"""Learning where to alert: segments of customers, and how high scores of their genuine payments reach."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from models.dataset import FeatureSet, Ints
from models.detector import Detector, Matrix, Vector
from models.thresholds.segments import BEHAVIOUR, FIGURES, Segments, behaviour, is_known
from models.thresholds.table import Reach, Table
from stream.core.names import DAY_MS, FEATURES

RATES = np.geomspace(1e-4, 0.05, 28)
_TRIED = (2, 3, 4, 5, 6)  # segments
_CUSTOMERS = 3_000  # at most, that segments are learnt from: silhouettes cost their square


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of one detector on calibration rows ``(n,)`` that it did not learn from, and its budget."""

    score: Vector
    budget: float


def scores_of(detector: Detector, budget: float, data: FeatureSet, rows: Ints) -> Scores:
    """Score rows by a detector that did not learn from them."""
    columns = np.array([FEATURES.index(name) for name in detector.features])
    return Scores(score=detector.score(data.x[np.ix_(rows, columns)]), budget=budget)


def behaviour_columns(x: Matrix) -> Matrix:
    """Take the columns of ``BEHAVIOUR`` from ``(n, FEATURES)``."""
    return x[:, [FEATURES.index(name) for name in BEHAVIOUR]]


def fit_segments(data: FeatureSet, rows: Ints, *, seed: int) -> tuple[Segments, dict[str, float]]:
    """Learn segments from the last payment of each customer in a window, k by the greatest mean silhouette.

    -> the segments, and the silhouette of each k tried; a single segment where too few customers are known
    Source: MacQueen (1967), k-means; Rousseeuw (1987), silhouettes.
    """
    newest = dict(zip((data.customer[i] for i in rows), rows.tolist(), strict=True))  # of each the last
    own = behaviour_columns(data.x[np.array(list(newest.values()))])
    known = own[is_known(own)]
    known = known[:: -(-len(known) // _CUSTOMERS) or 1]
    if len(known) < 10 * _TRIED[-1]:
        return Segments(center=np.zeros(FIGURES), scale=np.ones(FIGURES), centroids=np.zeros((1, FIGURES))), {}
    figures = behaviour(known)
    center, scale = figures.mean(axis=0), np.maximum(figures.std(axis=0), 1e-9)
    scaled = (figures - center) / scale
    tried = {k: KMeans(k, n_init=4, random_state=seed).fit(scaled) for k in _TRIED}
    silhouette = {k: float(silhouette_score(scaled, fitted.labels_)) for k, fitted in tried.items()}
    centroids = tried[max(silhouette, key=silhouette.__getitem__)].cluster_centers_
    ordered = centroids[np.argsort(centroids[:, 1])]
    found = Segments(center=center, scale=scale, centroids=ordered)
    return found, {str(k): value for k, value in silhouette.items()}


def fit_table(data: FeatureSet, rows: Ints, scores: Mapping[str, Scores], *, seed: int) -> Table:
    """Learn from calibration rows whose verdicts are known; ``scores``: detector → theirs on these rows."""
    segments, silhouette = fit_segments(data, rows, seed=seed)
    segment = segments.assign(behaviour_columns(data.x[rows]))
    days = max((int(data.at[rows[-1]]) - int(data.at[rows[0]])) / DAY_MS, 1.0)
    return Table(
        rates=RATES.tolist(),
        center=segments.center.tolist(),
        scale=segments.scale.tolist(),
        centroids=segments.centroids.tolist(),
        silhouette=silhouette,
        large_amount=float(np.quantile(data.amount[rows], 0.999)),
        detectors={name: _reach(one, data.fraud[rows], segment, segments.count, days) for name, one in scores.items()},
    )


def _reach(one: Scores, fraud: Ints, segment: Ints, count: int, days: float) -> Reach:
    overall = _quantiles(one.score[fraud == 0])
    within = [_quantiles(one.score[(fraud == 0) & (segment == s)], instead=overall) for s in range(count)]
    return Reach(
        overall=overall.tolist(),
        segments=[row.tolist() for row in within],
        alerts_a_day=[float((one.score >= limit).sum() / days) for limit in overall],
        segmented_a_day=[float((one.score >= limit).sum() / days) for limit in np.array(within)[segment].T],
        budget=one.budget,
    )


def _quantiles(genuine: Vector, instead: Vector | None = None) -> Vector:
    """Score that each of ``RATES`` reaches; below some ten payments at the rarest rates, those of all are better."""
    if len(genuine) == 0:
        assert instead is not None  # a window without genuine payments is refused before
        return instead
    found = np.quantile(genuine, 1.0 - RATES)
    if instead is not None:
        few = RATES * len(genuine) < 10.0
        found = np.where(few, instead + (found[~few][0] - instead[~few][0] if (~few).any() else 0.0), found)
    return np.minimum.accumulate(found)
