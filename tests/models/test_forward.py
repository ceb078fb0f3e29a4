"""The compiled forward pass is the network that it claims to be, bit for bit in any batch."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from models.autoencoder import flatten
from models.detector import Matrix, Vector
from models.forward import residual_parts
from models.scaling import Floats32, Scaling, columns_of, fit_scaling, scale_rows
from models.surprise import Surprise
from stream.core.names import FEATURES
from tests.models.histories import rows

WIDTH = len(FEATURES)
JUDGED = np.array([0, 5, WIDTH - 1])
SIZES = (WIDTH, 24, 8, 24, 3)
TABLES = Surprise(size=np.array([[0.0, 0.5, 2.0, 2.5]] * 3), nats=np.array([[0.0, 0.3, 4.0, 5.0]] * 3))


def layers(seed: int = 3) -> tuple[list[Floats32], list[Floats32]]:
    """Kernels and biases at chance."""
    chance = np.random.default_rng(seed)
    kernels = [chance.normal(0.0, 0.4, (wide, tall)).astype(np.float32) for wide, tall in itertools.pairwise(SIZES)]
    return kernels, [chance.normal(0.0, 0.4, tall).astype(np.float32) for tall in SIZES[1:]]


def served(x: Matrix, scaling: Scaling) -> tuple[Vector, Matrix]:
    """Scores and parts by the kernel."""
    score, parts = np.empty(len(x)), np.empty(x.shape)
    residual_parts(
        x, *columns_of(scaling), np.array(SIZES), flatten(*layers()), JUDGED, TABLES.size, TABLES.nats, score, parts
    )
    return score, parts


def in_double(scaled: NDArray[np.float64]) -> Matrix:
    """The same network and tables in numpy and float64: the oracle."""
    kernels, biases = layers()
    hidden = scaled
    for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
        hidden = hidden @ kernel.astype(np.float64) + bias
        hidden = hidden / (1.0 + np.abs(hidden))
    residual = np.abs(scaled[:, JUDGED] - hidden @ kernels[-1].astype(np.float64) - biases[-1])
    parts = np.zeros(scaled.shape)
    beyond = np.maximum(residual - 2.5, 0.0) * 2.0  # the last piece goes on
    parts[:, JUDGED] = np.interp(residual, TABLES.size[0], TABLES.nats[0]) + beyond
    return parts


def test_scores_and_parts_equal_the_network_in_numpy() -> None:
    """A thousand rows, against matrix products in float64: float32 keeps five digits."""
    x = rows(1000)
    scaling = fit_scaling(x, FEATURES)

    score, parts = served(x, scaling)
    oracle = in_double(scale_rows(x, scaling).astype(np.float64))

    np.testing.assert_allclose(parts, oracle, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(score, oracle.sum(axis=1), rtol=1e-4)
    assert not parts[:, np.setdiff1d(np.arange(WIDTH), JUDGED)].any()


@pytest.mark.parametrize("size", [1, 2, 7, 63, 64, 65, 1000])
def test_a_score_has_the_same_bits_in_any_batch(size: int) -> None:
    """Rows go through in lanes of 64; wherever a batch is cut, every row's bits stay."""
    x = rows(1000)
    scaling = fit_scaling(x, FEATURES)
    whole, _ = served(x, scaling)
    pieces = [served(np.ascontiguousarray(x[at : at + size]), scaling)[0] for at in range(0, len(x), size)]

    assert np.concatenate(pieces).tobytes() == whole.tobytes()
