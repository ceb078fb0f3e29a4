"""The contract test that every detector can run, ours and a stranger's: ``check_detector(factory)``."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.detector import Detector, Matrix
from stream.core.names import FEATURES

_ROWS = 257  # no multiple of a power of two: batches end unevenly


def check_detector(
    factory: Callable[[Path | None], Detector], path: Path | None = None, *, x: Matrix | None = None
) -> Detector:
    """Hold what ``factory(path)`` builds to the promises of ``models.detector``.

    x  (n, FEATURES) rows to try beside the made-up ones; None: those alone
    -> the detector
    Raises AssertionError that says which promise was broken.
    """
    detector = factory(path)
    check_description(detector)
    rows = np.concatenate((a_matrix(), x)) if x is not None else a_matrix()
    columns = [FEATURES.index(name) for name in detector.features]
    chosen = np.ascontiguousarray(rows[:, columns])
    check_scores(detector, chosen)
    check_batches(detector, chosen)
    again = factory(path)
    assert (again.version, again.threshold) == (detector.version, detector.threshold), "version and threshold vary"
    assert _same(again.score(chosen), detector.score(chosen)), "the same version gives other scores"
    return detector


def check_description(detector: Detector) -> None:
    """Name, version, features, threshold and usual values are what the worker needs."""
    assert detector.name, "name is empty"
    assert detector.version, "version is empty"
    unknown = [name for name in detector.features if name not in FEATURES]
    assert not unknown, f"unknown features {unknown}"
    assert detector.features, "no features"
    assert len(set(detector.features)) == len(detector.features), "a feature comes twice"
    assert np.isfinite(detector.threshold), "threshold is not finite"
    assert detector.threshold > 0, "threshold is not positive: distances above it are told as ratios"
    assert np.shape(detector.usual) == (len(detector.features),), "usual is not one value per feature"


def check_scores(detector: Detector, x: Matrix) -> None:
    """Scores are finite, parts sum to them, probabilities rise with them within 0 … 1, inputs stay as they were."""
    before = x.copy()
    score, parts = detector.score(x), detector.explain(x)
    assert score.shape == (len(x),), f"score has shape {score.shape}"
    assert parts.shape == x.shape, f"explain has shape {parts.shape}"
    assert np.isfinite(score).all(), "a score is not finite"
    assert np.isfinite(parts).all(), "a part is not finite"
    assert np.allclose(parts.sum(axis=1), score, rtol=1e-9, atol=1e-12), "parts do not sum to the score"
    assert _same(x, before), "the input was changed"
    probability = detector.probability(np.sort(score))
    if probability is not None:
        assert ((probability >= 0.0) & (probability <= 1.0)).all(), "a probability is outside 0 … 1"
        assert (np.diff(probability) >= 0.0).all(), "probability falls while the score rises"


def check_batches(detector: Detector, x: Matrix) -> None:
    """A row's score has the same bits alone, in any batch, at any place; no row at all is no score."""
    score = detector.score(x)
    alone = np.concatenate([detector.score(x[i : i + 1]) for i in range(len(x))])
    assert _same(alone, score), "a batch of one gives other bits"
    order = np.random.default_rng(0).permutation(len(x))
    assert _same(detector.score(np.ascontiguousarray(x[order])), score[order]), "another order gives other bits"
    many = np.ascontiguousarray(np.tile(x, (10_000 // len(x) + 1, 1)))
    assert _same(detector.score(many)[: len(x)], score), "a batch of ten thousand gives other bits"
    parts = detector.explain(x)
    assert _same(detector.explain(x[3:4])[0], parts[3]), "a batch of one is explained otherwise"
    assert detector.score(x[:0]).shape == (0,), "no rows do not give no scores"


def a_matrix(rows: int = _ROWS, seed: int = 0) -> Matrix:
    """Make up rows ``(rows, FEATURES)``: ordinary ones, one without any history, zeros, and absurd ones."""
    chance = np.random.default_rng(seed)
    x = np.exp(chance.normal(2.0, 2.0, (rows, len(FEATURES))))
    x[chance.random(x.shape) < 0.1] = np.nan
    x[0], x[1], x[2], x[3] = np.nan, 0.0, 2.0**31, -1e6
    return x


def _same(left: Matrix, right: Matrix) -> bool:
    return left.tobytes() == right.tobytes()
