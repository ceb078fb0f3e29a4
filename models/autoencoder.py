"""The autoencoder as a detector: what it cannot rebuild is strange. Serves frozen weights, without TensorFlow.

It rebuilds a payment from its own features and from its customer's and terminal's history. Judged is only what the
payment itself brings: a strange history would go on alerting on every ordinary payment after it.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.artifact import Network, read_manifest, read_weights
from models.detector import Matrix, Vector
from models.forward import residual_parts
from models.scaling import Floats32, Scaling, columns_of, history_of
from models.surprise import Surprise
from stream.errors import ModelError

ACTIVATION = "softsign"  # rounded exactly by IEEE 754, unlike tanh


def flatten(kernels: list[Floats32], biases: list[Floats32]) -> Floats32:
    """Put layers ``(in, out)`` and ``(out,)`` one after another, as ``residual_parts`` reads them."""
    pieces = [piece.ravel() for layer in zip(kernels, biases, strict=True) for piece in layer]
    return np.concatenate(pieces).astype(np.float32)


class Autoencoder:
    """Implements ``Detector``: score = sum over judged features of the surprise of the residual, in nats.

    network   what the manifest says of it
    scaling   of its inputs, part of the artefact
    weights   flat, see ``models.forward``; the last layer rebuilds the judged features
    surprise  of each judged feature's residual, learnt on genuine events later than training
    version   names the artefact
    """

    name = "autoencoder"

    def __init__(
        self, network: Network, *, scaling: Scaling, weights: Floats32, surprise: Surprise, version: str
    ) -> None:
        d, m = len(network.features), len(network.judged)
        sizes = np.array(network.sizes, np.int64)
        expected = int((sizes[:-1] * sizes[1:] + sizes[1:]).sum())
        if len(sizes) < 2 or sizes[0] != d or sizes[-1] != m or len(weights) != expected:
            raise ModelError(f"autoencoder: expected {expected} weights, {d} features to {m}, was {len(weights)}")
        if network.activation != ACTIVATION:
            raise ModelError(f"autoencoder: expected activation {ACTIVATION}, was {network.activation}")
        if len(surprise.size) != m:
            raise ModelError(f"autoencoder: expected surprises of {m} features, was {len(surprise.size)}")
        self.version = version
        self.features = tuple(network.features)
        self.threshold = network.operating.threshold
        self.usual: Vector = np.array(network.usual, np.float64)
        self.scaling, self.surprise = scaling, surprise
        self.judged = np.array([self.features.index(name) for name in network.judged], np.int64)
        self._calibration = network.operating.calibration
        self._sizes, self._weights = sizes, weights

    def score(self, x: Matrix) -> Vector:
        """Surprise in nats per row, ``(n, d) → (n,)``; about the number of judged features on an ordinary event."""
        return self._run(x, np.empty((0, 0)))

    def explain(self, x: Matrix) -> Matrix:
        """Each feature's part of the score, ``(n, d) → (n, d)``; 0 for what is not judged."""
        parts = np.empty(x.shape)
        self._run(x, parts)
        return parts

    def probability(self, score: Vector) -> Vector | None:
        """Probability of fraud at the calibration window's prevalence, ``(n,) → (n,)``."""
        return self._calibration(score)

    def _run(self, x: Matrix, parts: NDArray[np.float64]) -> Vector:
        if x.ndim != 2 or x.shape[1] != len(self.features):
            raise ModelError(f"autoencoder: expected rows of {len(self.features)} features, was {x.shape}")
        score = np.empty(len(x))
        residual_parts(
            np.ascontiguousarray(x, np.float64),
            *columns_of(self.scaling),
            self._sizes,
            self._weights,
            self.judged,
            self.surprise.size,
            self.surprise.nats,
            score,
            parts,
        )
        return score


ARRAYS = ("root", "center", "inverse", "weights", "surprise_size", "surprise_nats")


def load(path: Path | None) -> Autoencoder:
    """Load the autoencoder of an artefact.

    path  folder of ``weir train``; None: the reference artefact
    Raises ModelError that names what is wrong with it.
    """
    folder, manifest = read_manifest(path)
    network = manifest.network
    arrays = read_weights(folder, network, ARRAYS)
    scaling = Scaling(
        root=arrays["root"],
        center=arrays["center"],
        inverse=arrays["inverse"],
        clip=network.clip,
        history=history_of(network.features),
        least=network.least_history,
    )
    return Autoencoder(
        network,
        scaling=scaling,
        weights=arrays["weights"],
        surprise=Surprise(
            size=arrays["surprise_size"].astype(np.float64), nats=arrays["surprise_nats"].astype(np.float64)
        ),
        version=manifest.identity,
    )
