"""The ensemble as a detector: boosted trees that learnt from verdicts, and the autoencoder's strangeness, in one score.

The score is in log-odds above what is ordinary, so that contributions add up: exact Shapley values of the trees, and
the autoencoder's part spread by its residuals.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.artifact import MANIFEST, read_manifest, read_trees
from models.autoencoder import Autoencoder
from models.autoencoder import load as load_autoencoder
from models.compiled import kernel
from models.dataset import Ints
from models.detector import Matrix, Vector
from models.trees import ARRAYS, Trees
from stream.core.names import FEATURES
from stream.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """How the two are put together: ``log-odds = intercept + slope trees + weight log(1 + autoencoder)``.

    slope, weight  ≥ 0
    ordinary       log(1 + autoencoder) of an ordinary payment
    """

    intercept: float
    slope: float
    weight: float
    ordinary: float


class Ensemble:
    """Implements ``Detector``.

    names      features that the trees read, in their order
    threshold  in log-odds above what is ordinary, > 0
    usual      feature → value on an ordinary payment
    """

    name = "ensemble"

    def __init__(
        self,
        trees: Trees,
        names: tuple[str, ...],
        autoencoder: Autoencoder,
        stack: Stack,
        *,
        threshold: float,
        usual: dict[str, float],
        version: str,
    ) -> None:
        self.version, self.threshold = version, threshold
        self.features = tuple(name for name in FEATURES if name in names or name in autoencoder.features)
        self.usual: Vector = np.array([usual.get(name, math.nan) for name in self.features])
        self._trees, self._autoencoder, self._stack = trees, autoencoder, stack
        self._of_trees = self._places(names)
        self._of_autoencoder = self._places(autoencoder.features)
        self._expected = trees.expected
        self._base = stack.intercept + stack.slope * self._expected + stack.weight * stack.ordinary

    def score(self, x: Matrix) -> Vector:
        """Log-odds above what is ordinary, ``(n, d) → (n,)``."""
        margin = self._trees.margin(np.take(x, self._of_trees, axis=1))  # far faster than x[:, places]
        strange = self._autoencoder.score(np.take(x, self._of_autoencoder, axis=1))
        stack = self._stack
        return stacked(margin - self._expected, strange, stack.slope, stack.weight, stack.ordinary)

    def explain(self, x: Matrix) -> Matrix:
        """Each feature's part of the score, ``(n, d) → (n, d)``."""
        parts = np.zeros(x.shape)
        parts[:, self._of_trees] = self._stack.slope * self._trees.shapley(x[:, self._of_trees])
        residual = self._autoencoder.explain(x[:, self._of_autoencoder])
        strange = residual.sum(axis=1)
        share = residual / np.maximum(strange, np.finfo(float).tiny)[:, None]
        share[strange == 0.0] = 1.0 / share.shape[1]
        logs = stacked(np.zeros(len(x)), strange, 0.0, self._stack.weight, self._stack.ordinary)
        parts[:, self._of_autoencoder] += logs[:, None] * share
        return parts

    def probability(self, score: Vector) -> Vector | None:
        """Probability of fraud, ``(n,) → (n,)``."""
        return 1.0 / (1.0 + np.exp(-(score + self._base)))

    def _places(self, names: tuple[str, ...]) -> Ints:
        return np.array([self.features.index(name) for name in names], np.int64)


@kernel
def _stacked(margin: Vector, strange: Vector, slope: float, weight: float, ordinary: float, out: Vector) -> None:
    for i in range(margin.size):
        out[i] = slope * margin[i] + weight * (math.log1p(strange[i]) - ordinary)


def stacked(margin: Vector, strange: Vector, slope: float, weight: float, ordinary: float) -> Vector:
    """Put both together row by row: see ``Stack``; ``margin`` less what is expected of it, ``(n,)`` each."""
    out = np.empty(len(margin))
    _stacked(margin, strange, slope, weight, ordinary, out)
    return out


def load(path: Path | None) -> Ensemble:
    """Load the ensemble of an artefact.

    path  folder of ``weir train``; None: the reference artefact
    Raises ModelError that names what is wrong with it.
    """
    folder, manifest = read_manifest(path)
    described = manifest.ensemble
    if described is None:
        raise ModelError(f"{MANIFEST}: expected an ensemble, was none: `weir train` makes one")
    return Ensemble(
        Trees(**read_trees(folder, described, ARRAYS)),
        tuple(described.features),
        load_autoencoder(path),
        Stack(
            intercept=described.intercept,
            slope=described.slope,
            weight=described.weight,
            ordinary=described.ordinary,
        ),
        threshold=described.threshold,
        usual=described.usual,
        version=manifest.identity,
    )
