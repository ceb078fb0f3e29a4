"""Trees as arrays score what the library scores, and explain it as the definition of Shapley's value says."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest
import xgboost

from models.boosting import Boosting, boost, taken_out
from models.detector import Matrix, Vector
from models.trees import ARRAYS, Trees
from stream.errors import ModelError


def a_table(n: int = 600, d: int = 5, seed: int = 0) -> tuple[Matrix, np.ndarray]:
    """Rows with gaps, and a class that hangs on three of the columns together."""
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(n, d))
    fraud = (x[:, 0] * x[:, 1] + x[:, 2] + chance.normal(size=n) > 1.5).astype(np.int64)
    x[chance.random(x.shape) < 0.1] = np.nan
    return x, fraud


def a_booster(x: Matrix, fraud: np.ndarray) -> xgboost.Booster:
    """Thirty trees of depth five, in which a feature comes more than once on a path."""
    library = xgboost.XGBClassifier(n_estimators=30, max_depth=5, tree_method="exact", base_score=0.5, n_jobs=1)
    return library.fit(x.astype(np.float32), fraud).get_booster()


def test_margins_and_contributions_equal_the_librarys() -> None:
    """XGBoost's own sums, and its own TreeSHAP in single precision, row by row."""
    x, fraud = a_table()
    booster = a_booster(x, fraud)
    trees = taken_out(booster)
    rows = xgboost.DMatrix(x.astype(np.float32))
    theirs = booster.predict(rows, pred_contribs=True)

    np.testing.assert_allclose(trees.margin(x), booster.predict(rows, output_margin=True), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(trees.shapley(x), theirs[:, :-1], rtol=1e-3, atol=1e-4)
    assert trees.expected == pytest.approx(float(theirs[0, -1]), abs=1e-4)


def _told(trees: Trees, row: Vector, told: frozenset[int], node: int) -> float:
    """Margin of one tree where only some features are told: the definition, by recursion."""
    if trees.feature[node] == -1:
        return float(trees.split[node])
    left, right = int(trees.left[node]), int(trees.right[node])
    name = int(trees.feature[node])
    if name in told:
        below = np.float32(row[name]) < trees.split[node]
        here = int(trees.missing[node]) if np.isnan(row[name]) else (left if below else right)
        return _told(trees, row, told, here)
    weights = np.array([trees.cover[left], trees.cover[right]], np.float64)
    return float(weights @ [_told(trees, row, told, left), _told(trees, row, told, right)] / weights.sum())


def test_contributions_equal_brute_force_shapley_values() -> None:
    """Every subset of the other features, weighted by its orders: no shortcut in it."""
    x, fraud = a_table()
    trees = taken_out(a_booster(x, fraud))
    d = x.shape[1]
    for row, found in zip(x[:6], trees.shapley(x[:6]), strict=True):
        value = {
            told: sum(_told(trees, row, told, int(root)) for root in trees.roots)
            for size in range(d + 1)
            for told in map(frozenset, combinations(range(d), size))
        }
        expected = [
            sum(
                factorial(len(told)) * factorial(d - 1 - len(told)) / factorial(d) * (value[told | {j}] - value[told])
                for told in value
                if j not in told
            )
            for j in range(d)
        ]
        assert found == pytest.approx(expected, abs=1e-12)


def test_contributions_sum_to_the_margin_less_what_is_expected() -> None:
    """To the last bits but rounding, on rows with gaps too."""
    x, fraud = a_table(2000, seed=1)
    trees, _ = boost(x, fraud, Boosting(trees=40))

    np.testing.assert_allclose(trees.shapley(x).sum(axis=1), trees.margin(x) - trees.expected, rtol=1e-9, atol=1e-9)


def test_trees_that_are_none_are_refused() -> None:
    """A child before its parent would be walked for ever."""
    x, fraud = a_table()
    trees = taken_out(a_booster(x, fraud))
    left = trees.left.copy()
    left[np.flatnonzero(trees.feature >= 0)[3]] = 0

    with pytest.raises(ModelError, match="expected nodes with children behind them"):
        Trees(**{name: getattr(trees, name) for name in ARRAYS} | {"left": left})
