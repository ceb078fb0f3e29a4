"""Volatility against pandas, arch and sums by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from arch.univariate import EWMAVariance
from hypothesis import given
from hypothesis import strategies as st

from models.risk.volatility import RISKMETRICS_DECAY, bipower_volatility, ewma_step, realised_volatility

returns_of = st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=60).map(np.array)


def variances(returns: "np.typing.NDArray[np.float64]") -> list[float]:
    """Fold the returns; the variance after each."""
    total = weight = 0.0
    out = []
    for value in returns:
        total, weight = ewma_step(total, weight, value, RISKMETRICS_DECAY)
        out.append(total / weight)
    return out


def test_the_ewma_variance_is_that_of_pandas() -> None:
    """Bias-corrected from the first return on, as ``ewm(adjust=True)`` does."""
    returns = np.random.default_rng(2).standard_t(4, 300) * 0.01

    expected = pd.Series(returns**2).ewm(alpha=1.0 - RISKMETRICS_DECAY, adjust=True).mean()

    np.testing.assert_allclose(variances(returns), expected, rtol=1e-12)


def test_the_ewma_variance_is_that_of_riskmetrics_in_arch_once_its_start_is_forgotten() -> None:
    """After 500 returns the weight of any start is 0.94**500, about 1e-14."""
    returns = np.random.default_rng(3).normal(0.0, 0.01, 600)
    volatility = EWMAVariance(RISKMETRICS_DECAY)
    sigma2 = np.empty(600)

    volatility.compute_variance(np.empty(0), returns, sigma2, 1e-4, volatility.variance_bounds(returns))

    np.testing.assert_allclose(variances(returns)[500:-1], sigma2[501:], rtol=1e-9)  # arch: known before the return


@given(returns_of)
def test_realised_volatility_is_the_root_of_the_sum_of_squares(returns: "np.typing.NDArray[np.float64]") -> None:
    """Against numpy's own norm."""
    assert realised_volatility(returns) == pytest.approx(np.linalg.norm(returns), rel=1e-12, abs=1e-150)


@given(returns_of)
def test_bipower_volatility_is_the_mean_of_neighbouring_products(returns: "np.typing.NDArray[np.float64]") -> None:
    """Against the formula in numpy: (pi / 2) · mean |r_i| |r_i-1|."""
    size = np.abs(returns)

    expected = math.sqrt(math.pi / 2.0 * float(np.mean(size[1:] * size[:-1])))

    assert bipower_volatility(returns) == pytest.approx(expected, rel=1e-12, abs=1e-150)


def test_a_lone_jump_moves_bipower_volatility_far_less_than_realised() -> None:
    """A thousand calm returns and one of 30 deviations."""
    returns = np.random.default_rng(4).normal(0.0, 0.001, 1_000)
    calm = bipower_volatility(returns), realised_volatility(returns)
    returns[500] = 0.03

    jumped = bipower_volatility(returns), realised_volatility(returns)

    assert jumped[0] / calm[0] < 1.05
    assert jumped[1] / calm[1] > 1.3


def test_too_few_returns_have_no_volatility() -> None:
    """None for realised, one for bipower."""
    assert math.isnan(realised_volatility(np.empty(0)))
    assert math.isnan(bipower_volatility(np.array([0.01])))
