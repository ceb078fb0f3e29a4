"""Returns against pandas."""

import itertools

import numpy as np
import pandas as pd

from models.risk.returns import per_bar_return, simple_return


def test_a_simple_return_is_what_pandas_calls_percent_change() -> None:
    """Ten random prices, nine returns."""
    prices = np.random.default_rng(1).uniform(50.0, 150.0, 10)

    ours = [simple_return(before, after) for before, after in itertools.pairwise(prices)]

    np.testing.assert_allclose(ours, pd.Series(prices).pct_change().iloc[1:], rtol=1e-12)


def test_a_move_over_four_bars_counts_half_per_bar() -> None:
    """Variance grows with time, so four bars' deviation is twice one bar's."""
    assert per_bar_return(-0.04, 4) == -0.02
