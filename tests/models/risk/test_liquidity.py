"""Liquidity against numpy, pandas and the worked cases of the papers."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.risk.liquidity import (
    amihud_illiquidity,
    bid_imbalance,
    effective_spread,
    roll_spread,
    trade_sign,
)


def test_a_trade_at_the_ask_of_a_ten_cent_market_costs_ten_cents() -> None:
    """Round trip, so twice the five cents from the mid."""
    assert effective_spread(100.10, 100.05) == pytest.approx(0.10)
    assert effective_spread(100.00, 100.05) == pytest.approx(0.10)


@given(st.lists(st.floats(10.0, 20.0), min_size=4, max_size=300).map(np.array))
def test_roll_is_the_autocovariance_of_price_changes_as_numpy_has_it(
    prices: "np.typing.NDArray[np.float64]",
) -> None:
    """Sample covariance (ddof 1) of neighbouring changes; a positive one implies no spread."""
    changes = np.diff(prices)
    covariance = float(np.cov(changes[:-1], changes[1:])[0, 1])

    assert roll_spread(prices) == pytest.approx(2.0 * math.sqrt(max(-covariance, 0.0)), rel=1e-6, abs=1e-7)


def test_roll_finds_the_spread_of_a_bouncing_tape() -> None:
    """Trades at random on either side of a constant mid, 0.10 apart: the estimate is within 5 %."""
    sides = np.random.default_rng(6).choice([-1.0, 1.0], 20_000)

    assert roll_spread(50.0 + 0.05 * sides) == pytest.approx(0.10, rel=0.05)


def test_three_prices_say_nothing_of_a_bounce() -> None:
    """Two changes make one pair, and one pair has no covariance."""
    assert math.isnan(roll_spread(np.array([1.0, 2.0, 1.0])))


def test_amihud_is_the_mean_over_the_bars_that_traded_and_moved() -> None:
    """Against pandas, which drops what is unknown."""
    moves = np.array([0.01, math.nan, 0.02, 0.03])
    notional = np.array([1_000.0, 500.0, 0.0, 2_000.0])

    expected = (pd.Series(moves) / pd.Series(notional).replace(0.0, math.nan)).mean()

    assert amihud_illiquidity(moves, notional) == pytest.approx(expected)
    assert math.isnan(amihud_illiquidity(moves[1:3], notional[1:3]))


@pytest.mark.parametrize(
    ("price", "size", "expected"),
    [(10.1, 300.0, 300.0), (9.9, 300.0, -500.0), (10.0, 300.0, -200.0), (10.0, 700.0, 200.0)],
    ids=["bid rises", "bid falls", "bid shrinks", "bid grows"],
)
def test_the_bid_side_of_order_flow_follows_the_four_cases_of_the_paper(
    price: float, size: float, expected: float
) -> None:
    """A bid of 500 at 10.0 stood before; Cont, Kukanov & Stoikov, section 2.1."""
    assert bid_imbalance(10.0, 500.0, price, size) == expected


def test_the_tick_rule_signs_a_flat_trade_as_the_one_before() -> None:
    """Up, flat, down, flat: buy, buy, sell, sell."""
    prices = [10.0, 10.1, 10.1, 10.0, 10.0]
    signs = [0.0]
    for before, price in itertools.pairwise(prices):
        signs.append(trade_sign(price, before, signs[-1]))

    assert signs[1:] == [1.0, 1.0, -1.0, -1.0]
