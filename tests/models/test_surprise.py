"""A residual's surprise is the share of genuine events that reach it, counted where they are, learnt where they end."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.surprise import Surprise, fit_surprise, nats_of
from stream.errors import ModelError

N = 200_000


def nats(tables: Surprise, size: float) -> float:
    """What the first table says."""
    return float(nats_of(size, tables.size[0], tables.nats[0]))


@pytest.mark.parametrize(
    ("genuine", "farthest"),
    [
        (stats.halfnorm(), 1e-7),
        (stats.expon(scale=3.0), 1e-7),
        (stats.genpareto(0.4, scale=2.0), 1e-7),
        (stats.uniform(0.0, 5.0), 1e-4),  # where it ends, to the hundredth of a percent, is anybody's guess
    ],
)
def test_surprise_is_minus_log_of_the_tail(genuine: Any, farthest: float) -> None:
    """Against scipy's survival functions: within 10 % where events are, a third in nats far beyond all of them."""
    tables = fit_surprise(genuine.rvs(N, random_state=3)[:, None])
    for share, tolerance in ((0.5, 0.1), (0.05, 0.1), (0.001, 0.1), (farthest, 0.34)):
        assert nats(tables, float(genuine.isf(share))) == pytest.approx(-np.log(share), rel=tolerance), share


def test_what_lies_beyond_a_limit_of_all_genuine_events_is_surprising_at_once() -> None:
    """Genuine amounts end at 5: 5.5 is stranger than anything of a heavy tail's first million."""
    bounded = fit_surprise(stats.uniform(0.0, 5.0).rvs(N, random_state=3)[:, None])

    assert nats(bounded, 5.5) > 30.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80))
def test_any_residuals_make_rising_tables(residuals: list[float]) -> None:
    """Few, equal, or all zero: surprise starts at none and never falls as a residual grows."""
    tables = fit_surprise(np.array(residuals)[:, None])
    told = [nats(tables, size) for size in np.linspace(0.0, 1.2 * float(tables.size.max()), 50)]

    assert told[0] == 0.0
    assert (np.diff(told) >= 0.0).all()
    assert np.isfinite(told).all()


def test_a_table_that_falls_is_refused() -> None:
    """An artefact that was put together by hand."""
    with pytest.raises(ModelError, match="rising tables from 0"):
        Surprise(size=np.array([[0.0, 2.0, 1.0]]), nats=np.array([[0.0, 1.0, 2.0]]))
