"""Two models on the same payments: figures held to scikit-learn and SciPy, the interval to what it must say."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from models.detector import Vector
from models.registry.duel import Payments, Side, compare, gap, rank_correlation
from stream.errors import ModelError

N = 3_000


def some_payments(seed: int = 1, *, judged: int = N, groups: bool = False) -> Payments:
    """Payments of two hundred customers, one in thirty a fraud, the first ``judged`` with their verdict in."""
    chance = np.random.default_rng(seed)
    return Payments(
        at=np.arange(N) + 1_700_000_000_000,
        id=[f"t{i}" for i in range(N)],
        customer=chance.integers(0, 200, N),
        fraud=(chance.random(N) < 1 / 30).astype(np.int64),
        judged=np.arange(N) < judged,
        group=chance.choice(["north", "south"], N).tolist() if groups else (),
    )


def a_side(payments: Payments, strength: float, *, model: str, seed: int = 2) -> Side:
    """Scores that know the truth to some ``strength``; the one in fifty with the highest alert."""
    score: Vector = np.random.default_rng(seed).normal(size=N) + strength * payments.fraud
    return Side(
        model=model, score=score, probability=1 / (1 + np.exp(4 - score)), alert=score > np.quantile(score, 0.98)
    )


def test_figures_are_those_of_scikit_learn_on_the_payments_whose_verdict_is_in() -> None:
    """The others count for agreement alone."""
    payments = some_payments(judged=2_000)
    left, right = a_side(payments, 1.0, model="a"), a_side(payments, 2.0, model="b", seed=3)
    found = compare(payments, left, right, source="made up", detector="x")
    fraud = payments.fraud[:2_000]

    for side, figures in ((left, found.champion), (right, found.challenger)):
        score, alert = side.score[:2_000], side.alert[:2_000]
        assert figures.average_precision == pytest.approx(average_precision_score(fraud, score))
        assert figures.roc_auc == pytest.approx(roc_auc_score(fraud, score))
        assert figures.precision == pytest.approx(fraud[alert].mean())
        assert figures.recall == pytest.approx(alert[fraud == 1].mean())
    assert (found.rows, found.rows_judged, found.frauds) == (N, 2_000, int(fraud.sum()))
    assert found.same_decision == pytest.approx((left.alert == right.alert).mean())
    assert found.only_champion == int((left.alert & ~right.alert).sum())
    strangest = max(np.flatnonzero(right.alert & ~left.alert), key=lambda i: right.score[i])
    assert found.examples["challenger"][0] == f"t{strangest}"


def test_the_interval_is_of_the_difference_so_what_both_share_cancels() -> None:
    """A model against itself gains exactly nothing; a stronger one, more than nothing for sure.

    Drawn one by one, both figures' intervals overlap: only the pairs tell.
    """
    payments = some_payments()
    weak = a_side(payments, 2.0, model="a")
    nudged = weak.score + 0.4 * payments.fraud
    strong = Side(model="b", score=nudged, probability=None, alert=weak.alert)
    same = compare(payments, weak, weak, source="made up", detector="x")
    better = compare(payments, weak, strong, source="made up", detector="x")

    assert (same.gain, same.gain_95) == (0.0, (0.0, 0.0))
    assert better.gain_95 is not None
    assert better.gain_95[0] > 0.0
    assert better.champion.average_precision_95 is not None
    assert better.challenger.average_precision_95 is not None
    assert better.champion.average_precision_95[1] > better.challenger.average_precision_95[0]
    assert better.challenger.brier is None


def test_ranks_are_correlated_as_scipy_does_ties_and_all() -> None:
    """Scores that repeat take their mean rank; a constant has no rank to speak of."""
    chance = np.random.default_rng(5)
    left, right = chance.integers(0, 9, 500).astype(float), chance.integers(0, 5, 500).astype(float)

    assert rank_correlation(left, right) == pytest.approx(spearmanr(left, right).statistic)
    assert rank_correlation(left, np.zeros(500)) is None


def test_rates_of_groups_are_of_genuine_payments_and_small_groups_say_nothing() -> None:
    """By hand: the share of each group's genuine payments that alerted, and how far the two are apart."""
    payments = some_payments(groups=True)
    side = a_side(payments, 1.0, model="a")
    found = compare(payments, side, side, source="made up", detector="x").champion.genuine_alert_ratio_by_group
    group, genuine = np.asarray(payments.group), payments.fraud == 0
    expected = {name: side.alert[(group == name) & genuine].mean() for name in ("north", "south")}

    assert found == pytest.approx(expected)
    assert gap(found) == pytest.approx(abs(expected["north"] - expected["south"]))
    assert gap({"north": 0.1}) is None


def test_no_verdict_yet_leaves_figures_of_fraud_open() -> None:
    """A shadow of an hour: agreement is known, what is better is not."""
    payments = some_payments(judged=0)
    found = compare(
        payments, a_side(payments, 1.0, model="a"), a_side(payments, 2.0, model="b"), source="live", detector="x"
    )

    assert (found.gain, found.gain_95, found.champion.average_precision) == (None, None, None)
    assert found.rank_correlation is not None
    none = np.empty(0, np.int64)
    nobody = Payments(at=none, id=[], customer=none, fraud=none, judged=none > 0)
    side = a_side(payments, 1.0, model="a")
    with pytest.raises(ModelError, match="expected payments that both models have scored"):
        compare(nobody, side, side, source="live", detector="x")
