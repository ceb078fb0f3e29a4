"""The autoencoder as a detector: what it cannot rebuild is strange. Serves frozen weights, without TensorFlow."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.artifact import Network, read_manifest, read_weights
from models.detector import Matrix, Vector
from models.forward import residual_parts
from models.scaling import Floats32, Scaling, columns_of, history_of
from stream.errors import ModelError

ACTIVATION = "softsign"  # rounded exactly by IEEE 754, unlike tanh


def flatten(kernels: list[Floats32], biases: list[Floats32]) -> Floats32:
    """Put layers ``(in, out)`` and ``(out,)`` one after another, as ``residual_parts`` reads them."""
    pieces = [piece.ravel() for layer in zip(kernels, biases, strict=True) for piece in layer]
    return np.concatenate(pieces).astype(np.float32)


class Autoencoder:
    """Implements ``Detector``: score = mean over features of squared residual / its variance on genuine events.

    network         what the manifest says of it
    scaling         of its inputs, part of the artefact
    weights         flat, see ``models.forward``
    residual_scale  (d,) variance of each residual on genuine events later than training
    version         names the artefact
    """

    name = "autoencoder"

    def __init__(
        self, network: Network, *, scaling: Scaling, weights: Floats32, residual_scale: Vector, version: str
    ) -> None:
        d = len(network.features)
        sizes = np.array(network.sizes, np.int64)
        expected = int((sizes[:-1] * sizes[1:] + sizes[1:]).sum())
        if len(sizes) < 2 or sizes[0] != d or sizes[-1] != d or len(weights) != expected:
            raise ModelError(f"autoencoder: expected {expected} weights over {d} features, was {len(weights)}")
        if network.activation != ACTIVATION:
            raise ModelError(f"autoencoder: expected activation {ACTIVATION}, was {network.activation}")
        self.version = version
        self.features = tuple(network.features)
        self.threshold = network.operating.threshold
        self.usual: Vector = np.array(network.usual, np.float64)
        self.scaling, self.residual_scale = scaling, residual_scale
        self._calibration = network.operating.calibration
        self._sizes, self._weights = sizes, weights
        self._weight: Vector = 1.0 / (d * residual_scale)

    def score(self, x: Matrix) -> Vector:
        """Mean squared normalised residual per row, ``(n, d) → (n,)``; about 1 on an ordinary event."""
        return self._run(x, np.empty((0, 0)))

    def explain(self, x: Matrix) -> Matrix:
        """Each feature's part of the score, ``(n, d) → (n, d)``."""
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
            self._weight,
            score,
            parts,
        )
        return score


def load(path: Path | None) -> Autoencoder:
    """Load the autoencoder of an artefact.

    path  folder of ``weir train``; None: the reference artefact
    Raises ModelError that names what is wrong with it.
    """
    folder, manifest = read_manifest(path)
    network = manifest.network
    arrays = read_weights(folder, network)
    names = ("root", "center", "inverse", "weights", "residual_scale")
    for name in names:
        if name not in arrays:
            raise ModelError(f"weights.npz: expected array {name}, was missing")
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
        residual_scale=arrays["residual_scale"].astype(np.float64),
        version=manifest.identity,
    )
