"""Thresholds keep their budget, probabilities keep their word."""

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from models.calibration import Calibration, conformal_threshold, fit_calibration
from stream.errors import ModelError


def test_the_threshold_keeps_the_budget_on_events_to_come() -> None:
    """Over 400 draws of 999 and 1,000 lognormal scores, 1 % budget: the mean share beyond is 1 %, never more."""
    chance = np.random.default_rng(5)
    shares = []
    for _ in range(400):
        threshold = conformal_threshold(chance.lognormal(size=999), budget=0.01)
        shares.append((chance.lognormal(size=1000) >= threshold).mean())

    assert abs(np.mean(shares) - 0.01) < 3.5 * np.std(shares) / np.sqrt(len(shares))


def test_equal_scores_do_not_all_alert() -> None:
    """Where 5 % of genuine events tie at the top, none of them reaches the threshold of a 1 % budget."""
    genuine = np.concatenate((np.arange(950.0), np.full(50, 1e6)))

    assert (genuine >= conformal_threshold(genuine, budget=0.01)).sum() == 0


def test_a_budget_that_the_window_cannot_show_is_refused() -> None:
    """One in a thousand can't be told from 900 events."""
    with pytest.raises(ModelError, match="at least 1000 genuine events, was 900"):
        conformal_threshold(np.arange(900.0), budget=0.001)


def test_the_table_is_the_isotonic_regression() -> None:
    """Scikit-learn's pools hold the same shares, up to the pull of one event towards the base rate."""
    chance = np.random.default_rng(2)
    score = np.round(chance.normal(size=5000), 2)
    fraud = (chance.random(5000) < 1.0 / (1.0 + np.exp(3.0 - 2.0 * score))).astype(np.int64)
    oracle = IsotonicRegression().fit(score, fraud).predict(score)
    values, counts = np.unique(oracle, return_counts=True)
    table = fit_calibration(score, fraud)

    shrunk = (values * counts + fraud.mean()) / (counts + 1.0)
    np.testing.assert_allclose(table.probability, np.maximum.accumulate(shrunk), rtol=1e-9)
    assert ((table.probability > 0.0) & (table.probability < 1.0)).all()


def test_a_table_out_of_order_is_refused() -> None:
    """A falling probability would tell a stranger payment to be safer."""
    with pytest.raises(ModelError, match="rising table"):
        Calibration(score=np.array([1.0, 2.0]), probability=np.array([0.5, 0.1]))
