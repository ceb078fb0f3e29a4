"""Scaling puts ordinary values near zero and lets nothing absurd through."""

import numpy as np

from models.scaling import LEAST_HISTORY, fit_scaling, scale_rows
from stream.core.names import FEATURES
from tests.models.histories import rows

AMOUNT, Z, MONTH = (FEATURES.index(name) for name in ("amount", "amount_robust_z", "customer_count_30d"))


def test_scaled_training_rows_have_median_zero_and_unit_quartiles() -> None:
    """The oracle is numpy's median and interquartile range of what comes out, 1.349 scales wide as a normal's is."""
    x = rows(4000)
    scaled = scale_rows(x, fit_scaling(x, FEATURES))
    seen = scaled[~np.isnan(x[:, AMOUNT]), AMOUNT]

    np.testing.assert_allclose(np.median(seen), 0.0, atol=1e-6)
    np.testing.assert_allclose(np.subtract(*np.quantile(seen, (0.75, 0.25))), 1.349, rtol=1e-3)


def test_counts_are_scaled_by_their_root() -> None:
    """Four times the count is twice as far from zero as the count itself."""
    x = rows(500)
    scaling = fit_scaling(x, FEATURES, clip=1e6)
    line = np.repeat(x[:1], 3, axis=0)
    line[:, MONTH] = (0.0, 25.0, 100.0)
    zero, one, two = scale_rows(line, scaling)[:, MONTH]

    np.testing.assert_allclose(two - zero, 2.0 * (one - zero), rtol=1e-5)


def test_no_history_and_absurd_values_stay_within_bounds() -> None:
    """Nan is the median; infinities and 1e300 are cut."""
    x = rows(500)
    scaling = fit_scaling(x, FEATURES, clip=10.0)
    line = np.repeat(x[:1], 4, axis=0)
    line[:, AMOUNT] = (np.nan, np.inf, -np.inf, 1e300)

    assert scale_rows(line, scaling)[:, AMOUNT].tolist() == [0.0, 10.0, -10.0, 10.0]


def test_a_distance_from_a_median_counts_only_with_enough_payments_behind_it() -> None:
    """A robust z of 500 after nine payments says nothing; after ten it does."""
    x = rows(500)
    scaling = fit_scaling(x, FEATURES, clip=10.0)
    line = np.repeat(x[:1], 2, axis=0)
    line[:, Z], line[:, MONTH] = 500.0, (LEAST_HISTORY - 1.0, LEAST_HISTORY)

    assert scale_rows(line, scaling)[:, Z].tolist() == [0.0, 10.0]


def test_a_feature_without_spread_or_without_any_value_scales_to_zero() -> None:
    """A constant column and an empty one must not divide by zero."""
    x = rows(50)
    x[:, AMOUNT], x[:, Z] = 3.0, np.nan

    assert not scale_rows(x, fit_scaling(x, FEATURES))[:, [AMOUNT, Z]].any()
