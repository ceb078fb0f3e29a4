"""The returns of the simulated market have the moments that theory gives them."""

import numpy as np
import pytest
from arch import arch_model
from numpy.typing import NDArray

from producers.market_returns import Returns, draw_returns

ALPHA, BETA, DEGREES = 0.05, 0.9, 12.0
INNOVATION_KURTOSIS = 3 * (DEGREES - 2) / (DEGREES - 4)
# He & Teräsvirta (1999): the fourth moment of GARCH(1,1) with innovations of that kurtosis and unit variance
KURTOSIS = (
    INNOVATION_KURTOSIS * (1 - (ALPHA + BETA) ** 2) / (1 - INNOVATION_KURTOSIS * ALPHA**2 - 2 * ALPHA * BETA - BETA**2)
)


def some_returns(*, steps: int, loading: NDArray[np.float64], seed: int = 1) -> Returns:
    """Returns after a burn-in of 500 steps."""
    rng = np.random.default_rng(seed)
    variance = np.ones(loading.shape[0])
    for length in (500, steps):
        drawn = draw_returns(
            rng, steps=length, loading=loading, alpha=ALPHA, beta=BETA, degrees=DEGREES, variance=variance
        )
        variance = drawn.after
    return drawn


def independent(symbols: int) -> NDArray[np.float64]:
    """No correlation: every symbol is a sample of its own."""
    return np.eye(symbols)


def within(samples: NDArray[np.float64], expected: float) -> bool:
    """Whether the mean over independent samples is within four standard errors of what is expected."""
    error = samples.std(ddof=1) / np.sqrt(samples.size)
    return bool(abs(samples.mean() - expected) < 4 * error)


def test_variance_and_kurtosis_are_those_of_garch_t() -> None:
    """Two hundred series: the second moment is 1, the fourth the theoretical 4.03, so tails are fat."""
    standard = np.concatenate(
        [some_returns(steps=1_000, loading=independent(1), seed=s).standard for s in range(200)], 1
    )

    assert abs(KURTOSIS - 4.034) < 1e-3
    assert within((standard**2).mean(axis=0), 1.0)
    assert within((standard**4).mean(axis=0), KURTOSIS)


@pytest.mark.parametrize("lag", [1, 5, 20])
def test_squares_are_autocorrelated_as_garch_says(lag: int) -> None:
    """rho(k) = alpha (1 - alpha beta - beta²) / (1 - 2 alpha beta - beta²) (alpha + beta)^(k-1), Bollerslev (1988)."""
    standard = np.concatenate(
        [some_returns(steps=1_000, loading=independent(1), seed=s).standard for s in range(200)], 1
    )
    squares = standard**2 - 1.0
    first = ALPHA * (1 - ALPHA * BETA - BETA**2) / (1 - 2 * ALPHA * BETA - BETA**2)

    products = (squares[lag:] * squares[:-lag]).mean(axis=0)
    assert within(products, (KURTOSIS - 1) * first * (ALPHA + BETA) ** (lag - 1))


def test_returns_themselves_are_not_autocorrelated() -> None:
    """The first autocovariance is 0."""
    standard = np.concatenate(
        [some_returns(steps=1_000, loading=independent(1), seed=s).standard for s in range(200)], 1
    )

    assert within((standard[1:] * standard[:-1]).mean(axis=0), 0.0)


def test_standardised_returns_have_the_given_correlation() -> None:
    """Three pairs; the error of a correlation of multivariate t is sqrt((1 + 2 / (nu - 4)) / n) (1 - rho²)."""
    matrix = np.array([[1.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 1.0]])
    drawn = some_returns(steps=40_000, loading=np.linalg.cholesky(matrix))
    innovations = drawn.standard / np.sqrt(drawn.variance)

    error = np.sqrt((1 + 2 / (DEGREES - 4)) / 40_000) * (1 - matrix**2)
    off = ~np.eye(3, dtype=bool)
    assert (np.abs(np.corrcoef(innovations.T) - matrix) < 4.5 * error)[off].all()


def test_arch_finds_the_parameters_again() -> None:
    """A maximum likelihood fit by the package arch is within four of its standard errors of each parameter."""
    returns = some_returns(steps=20_000, loading=independent(1)).standard[:, 0]
    fit = arch_model(returns, mean="Zero", vol="GARCH", p=1, q=1, dist="t", rescale=False).fit(disp="off")

    for name, true in {"alpha[1]": ALPHA, "beta[1]": BETA, "nu": DEGREES}.items():
        assert abs(fit.params[name] - true) < 4 * fit.std_err[name], name


def test_the_variance_runs_on_from_stretch_to_stretch() -> None:
    """Cut in two, the recursion continues where it stood: h' = 1 - a - b + a r² + b h."""
    drawn = some_returns(steps=50, loading=independent(2))
    last = drawn.standard[-1], drawn.variance[-1]

    np.testing.assert_allclose(drawn.after, 1 - ALPHA - BETA + ALPHA * last[0] ** 2 + BETA * last[1], rtol=1e-12)
