"""The robust baseline adds four signals, each in units of what few genuine payments reach."""

import numpy as np
import pytest

from models import robust
from models.artifact import Baseline, Operating
from models.detector import Matrix
from models.robust import FEATURES, Robust

UNUSUAL = {"amount": 100.0, "velocity": 2.0, "amount_robust_z": 4.0, "terminal_fraud_share_7d": 0.5}


def a_detector() -> Robust:
    """Round levels, a customer paying twice a day, threshold 1."""
    operating = Operating(threshold=1.0, calibration_score=[0.0, 4.0], calibration_probability=[0.1, 0.9])
    return Robust(
        Baseline(features=list(FEATURES), unusual=UNUSUAL, usual_month=60.0, usual=[0.0] * 5, operating=operating),
        version="v",
    )


def a_payment(
    amount: float = 50.0, day: float = 0.0, month: float = 30.0, z: float = 0.0, share: float = 0.0
) -> Matrix:
    """One row of the features."""
    return np.array([[amount, day, month, z, share]])


def test_a_score_adds_the_squares_of_what_is_unusual() -> None:
    """Amount 50 of 100; 6 payments today by one who makes one a day: 6 / (1 + 1) = 3 of 2; z 2 of 4; share 1 of 1."""
    payment = a_payment(amount=50.0, day=6.0, month=30.0, z=2.0, share=0.5)

    assert a_detector().score(payment).tolist() == [0.25 + 2.25 + 0.25 + 1.0]
    assert a_detector().explain(payment).tolist() == [[0.25, 2.25, 0.0, 0.25, 1.0]]


def test_no_signal_shouts_down_the_others() -> None:
    """A payment of a million counts as four times the unusual level, squared."""
    assert a_detector().score(a_payment(amount=1e6)).tolist() == [16.0]


def test_a_new_customer_is_not_strange_for_being_new() -> None:
    """With nine payments a robust z of 300 is left out, and velocity is against others' two a day: 3 / 3 of 2."""
    score = a_detector().score(a_payment(amount=0.0, day=3.0, month=9.0, z=300.0))

    assert score.tolist() == [0.25]


def test_small_amounts_and_safe_terminals_do_not_lower_a_score() -> None:
    """A negative z and no history at the terminal are worth nothing, in either direction."""
    assert a_detector().score(a_payment(amount=0.0, z=-50.0, share=float("nan"))).tolist() == [0.0]


def test_unusual_levels_are_quantiles_and_never_zero() -> None:
    """The 99.5 % quantile by numpy; where no fraud is known anywhere the level is 1, so nothing is divided by zero."""
    chance = np.random.default_rng(1)
    x = np.column_stack(
        (chance.lognormal(size=5000), np.ones(5000), np.full(5000, 60.0), np.zeros(5000), np.zeros(5000))
    )
    found = robust.fit_unusual(x, 60.0)

    assert found["amount"] == pytest.approx(np.quantile(x[:, 0], 0.995))
    assert found["terminal_fraud_share_7d"] == 1.0
