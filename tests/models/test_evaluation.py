"""The figures equal scikit-learn's, pandas' and what can be counted by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from models.dataset import Ints
from models.detector import Vector
from models.evaluation import Ranking, at_threshold, bootstrap, brier, card_precision, reliability
from stream.core.names import DAY_MS


def drawn(seed: int, n: int = 400) -> tuple[Vector, Ints]:
    """Scores with ties, and frauds that score higher."""
    chance = np.random.default_rng(seed)
    fraud = (chance.random(n) < 0.1).astype(np.int64)
    fraud[:2] = 0, 1
    return np.round(chance.normal(size=n) + fraud, 1), fraud


@given(st.integers(0, 2**31))
def test_average_precision_and_auc_equal_scikit_learn_under_any_weights(seed: int) -> None:
    """With ties, with and without weights, some of them zero."""
    score, fraud = drawn(seed)
    weight = np.random.default_rng(seed).integers(0, 4, len(score)).astype(np.float64)
    weight[:2] = 1.0
    ranking = Ranking(score, fraud)

    for w in (None, weight):
        assert ranking.average_precision(w) == pytest.approx(
            metrics.average_precision_score(fraud, score, sample_weight=w), rel=1e-9
        )
        assert ranking.roc_auc(w) == pytest.approx(metrics.roc_auc_score(fraud, score, sample_weight=w), rel=1e-9)


def test_alerting_at_a_threshold_equals_scikit_learn() -> None:
    """Precision, recall, F1, accuracy; and the false alarms counted by hand."""
    score, fraud = drawn(1)
    found, alert = at_threshold(score, fraud, 1.0), score >= 1.0

    assert found.precision == pytest.approx(metrics.precision_score(fraud, alert))
    assert found.recall == pytest.approx(metrics.recall_score(fraud, alert))
    assert found.f1 == pytest.approx(metrics.f1_score(fraud, alert))
    assert found.accuracy == pytest.approx(metrics.accuracy_score(fraud, alert))
    assert found.majority == (fraud == 0).mean()
    assert found.alerts_per_1000_genuine == pytest.approx(1000.0 * alert[fraud == 0].mean())


def test_nothing_alerted_has_no_precision() -> None:
    """No alert, no precision; no fraud, no average precision: nan, not zero."""
    assert np.isnan(at_threshold(np.zeros(3), np.array([0, 1, 0]), 1.0).precision)
    assert np.isnan(Ranking(np.arange(3.0), np.zeros(3, np.int64)).average_precision())


def test_card_precision_equals_the_handbooks_own_procedure() -> None:
    """Pandas, day by day: highest score per card, the top k, found cards left out from then on."""
    chance = np.random.default_rng(4)
    n = 3000
    frame = pd.DataFrame(
        {
            "day": chance.integers(0, 5, n),
            "card": chance.integers(0, 200, n),
            "score": chance.normal(size=n),
            "fraud": (chance.random(n) < 0.05).astype(int),
        }
    )
    found: list[int] = []
    shares = []
    for _, day in frame.groupby("day"):
        cards = day[~day["card"].isin(found)].groupby("card").max().sort_values("score", ascending=False).head(20)
        hits = cards[cards["fraud"] == 1].index.tolist()
        found += hits
        shares.append(len(hits) / 20)
    columns = [frame[name].to_numpy() for name in ("card", "score", "fraud")]

    assert card_precision(frame["day"].to_numpy() * DAY_MS + 5, *columns, k=20) == pytest.approx(np.mean(shares))


def test_the_interval_of_the_bootstrap_covers_and_repeats() -> None:
    """Customers are drawn, not payments: one customer with every fraud makes the interval wide."""
    score, fraud = drawn(3, 3000)
    customer = np.random.default_rng(1).integers(0, 300, 3000)
    once = bootstrap(score, fraud, customer, seed=1, repeats=100)
    lumped = bootstrap(score, fraud, np.where(fraud == 1, 0, customer), seed=1, repeats=100)

    assert once == bootstrap(score, fraud, customer, seed=1, repeats=100)
    low, high = once["average_precision"]
    assert low < Ranking(score, fraud).average_precision() < high
    assert np.ptp(lumped["average_precision"]) > 2.0 * (high - low)


def test_calibrated_probabilities_lie_on_the_diagonal() -> None:
    """Frauds drawn with the very probability told: shares within four standard errors, Brier as scikit-learn's."""
    chance = np.random.default_rng(7)
    probability = chance.beta(0.5, 8.0, 50_000)
    fraud = (chance.random(50_000) < probability).astype(np.int64)
    told, found, count = reliability(probability, fraud)

    assert brier(probability, fraud) == pytest.approx(metrics.brier_score_loss(fraud, probability))
    assert count.sum() == 50_000
    assert (np.abs(told - found) <= 4.0 * np.sqrt(told * (1.0 - told) / count) + 1e-9).all()
