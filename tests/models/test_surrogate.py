"""A surrogate says what it is worth, and parts are averaged by size."""

import numpy as np
import pytest

from models.surrogate import fit_surrogate, mean_parts


def test_a_tree_in_place_of_a_tree_is_faithful_and_one_of_noise_is_not() -> None:
    """Told by one split, it is found again; told by chance, nothing of it is explained on rows not seen."""
    chance = np.random.default_rng(1)
    x = chance.random((4_000, 2))
    x[::7, 0] = np.nan
    split = np.where(np.nan_to_num(x[:, 0]) > 0.9, 0.8, 0.1)
    fraud = (chance.random(4_000) < split).astype(np.int64)
    found = fit_surrogate(x, ["a", "b"], split, split > 0.5, fraud)
    noise = fit_surrogate(x, ["a", "b"], chance.random(4_000), split > 0.5, fraud)

    assert found.r2 > 0.99
    assert found.agreement > 0.98
    assert "a >" in found.rules
    assert noise.r2 < 0.05


def test_parts_are_ranked_by_mean_size() -> None:
    """Signs do not cancel; what is always nothing is left out."""
    parts = np.array([[1.0, -3.0, 0.0], [-1.0, 5.0, 0.0]])

    assert mean_parts(parts, ("a", "b", "c")) == {"b": pytest.approx(4.0), "a": pytest.approx(1.0)}
