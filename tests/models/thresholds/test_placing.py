"""Thresholds move to a budget of alerts, to the cost of a review, and by segment; scores stay as they are."""

from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from models import autoencoder, robust
from models.contract import check_detector
from models.dataset import FeatureSet
from models.detector import Detector, Matrix, Vector
from models.thresholds.placing import ByCost, BySegment, place
from models.thresholds.segments import BEHAVIOUR, LITTLE_KNOWN, Segments
from models.thresholds.table import Table
from models.thresholds.training import RATES, Scores, behaviour_columns, fit_segments, fit_table
from stream.core.names import DAY_MS, FEATURES
from stream.errors import ModelError
from tests.models.histories import rows


class Amount:
    """A detector whose score is the amount and whose probability is a percent a unit, at most 1."""

    name, version, threshold = "amount", "1", 50.0
    features = BEHAVIOUR
    usual: Vector = np.full(len(BEHAVIOUR), np.nan)

    def score(self, x: Matrix) -> Vector:
        """The amount."""
        return x[:, 1].copy()

    def explain(self, x: Matrix) -> Matrix:
        """All of it the amount's."""
        parts = np.zeros(x.shape)
        parts[:, 1] = x[:, 1]
        return parts

    def probability(self, score: Vector) -> Vector | None:
        """A percent a unit."""
        return np.clip(score / 100.0, 0.0, 1.0)


def a_month() -> FeatureSet:
    """Forty thousand payments of two kinds of customers in ten days: many small ones or few large ones, 1 % fraud."""
    chance = np.random.default_rng(3)
    n = 40_000
    is_rich = np.arange(n) % 4 == 0
    x = np.full((n, len(FEATURES)), np.nan)
    amount = chance.lognormal(np.where(is_rich, 4.0, 2.0), 0.3)
    columns = {
        "customer_count_30d": np.where(is_rich, 12, 60) + chance.integers(0, 4, n),
        "amount": amount,
        "amount_to_median_30d": amount / np.where(is_rich, np.exp(4.0), np.exp(2.0)),
        "distinct_terminals_30d": np.full(n, 6),
    }
    for name, column in columns.items():
        x[:, FEATURES.index(name)] = column
    return FeatureSet(
        x=x,
        at=np.linspace(0, 10 * DAY_MS, n).astype(np.int64),
        id=[f"t{i}" for i in range(n)],
        customer=[f"c{i % 800}" for i in range(n)],
        terminal=["m1"] * n,
        amount=amount,
        fraud=(chance.random(n) < 0.01).astype(np.int64),
    )


@cache
def learnt() -> tuple[FeatureSet, Table]:
    """The month, and what is learnt from it about a detector that goes by the amount."""
    data = a_month()
    table = fit_table(data, np.arange(len(data)), {"amount": Scores(score=data.amount, budget=0.01)}, seed=1)
    return data, table


def columns_of(data: FeatureSet) -> Matrix:
    """What the detector reads."""
    return behaviour_columns(data.x)


def _given(detector: Detector, _: Path | None) -> Detector:
    return detector


def told(detector: Detector, x: Matrix) -> np.ndarray:
    """Which payments it alerts on."""
    limits = detector.limits(x) if isinstance(detector, BySegment | ByCost) else detector.threshold
    return detector.score(x) >= limits


def test_two_kinds_of_customers_are_two_segments() -> None:
    """The silhouette is greatest at the k that was planted, and every customer is with its like."""
    data, table = learnt()
    segment = table.drawn().assign(columns_of(data))

    assert max(table.silhouette, key=table.silhouette.__getitem__) == "2"
    assert [sorted(set(segment[kind::4].tolist())) for kind in range(4)] == [[2], [1], [1], [1]]


def test_who_has_too_few_payments_is_a_segment_of_its_own() -> None:
    """Nine payments in a month, none and no median at all, or many and no median."""
    _, table = learnt()
    x = np.array([[9.0, 50.0, 1.0, 3.0], [0.0, 50.0, np.nan, 0.0], [20.0, 50.0, np.nan, 3.0]])

    assert table.drawn().assign(x).tolist() == [LITTLE_KNOWN] * 3


def test_a_history_of_few_customers_has_one_segment() -> None:
    """Nothing to tell apart."""
    data = a_month()
    segments, silhouette = fit_segments(data, np.arange(50), seed=1)

    assert (segments.count, silhouette) == (2, {})


def test_a_budget_of_alerts_a_day_is_kept_on_the_window_it_was_learnt_from() -> None:
    """80 of 4,000 payments a day, by one threshold or by one of each segment: within the steps of the table."""
    data, table = learnt()
    for per_segment in (False, True):
        (detector,) = place([Amount()], table, alerts_a_day=80.0, per_segment=per_segment)

        assert told(detector, columns_of(data)).sum() / 10.0 == pytest.approx(80.0, rel=0.1)


def test_one_threshold_falls_on_the_rich_alone_and_one_per_segment_on_all_alike() -> None:
    """At 1 % of genuine payments: a rich customer's ordinary payment is large."""
    data, table = learnt()
    x, genuine = columns_of(data), data.fraud == 0
    rich = np.arange(len(data)) % 4 == 0
    (one,) = place([Amount()], table)
    (each,) = place([Amount()], table, per_segment=True)

    assert told(one, x)[genuine & ~rich].mean() == 0.0
    for kind in (rich, ~rich):
        assert told(each, x)[genuine & kind].mean() == pytest.approx(0.01, rel=0.05)


def test_a_payment_is_worth_a_review_that_costs_less_than_it_may_lose() -> None:
    """Probability a percent a unit: amount squared over 100 against 16 is an amount of 40; none below is alerted on."""
    data, table = learnt()
    (detector,) = place([Amount()], table, review_cost=16.0)
    alert = told(detector, columns_of(data))

    assert (alert == (data.amount**2 / 100.0 >= 16.0)).mean() > 0.9999
    assert detector.threshold <= data.amount[alert].min()


def test_a_moved_threshold_changes_no_score() -> None:
    """The contract holds for the shipped detectors, and scores have the same bits."""
    x = rows(50)
    for own in (autoencoder.load(None), robust.load(None)):
        table = fit_table(
            a_month(), np.arange(40_000), {own.name: Scores(score=np.linspace(0, 9, 40_000), budget=0.01)}, seed=1
        )
        (moved,) = place([own], table, alerts_a_day=10.0)
        check_detector(partial(_given, moved))
        columns = np.ascontiguousarray(x[:, [FEATURES.index(name) for name in own.features]])

        assert moved.score(columns).tobytes() == own.score(columns).tobytes()


def test_what_a_table_does_not_know_is_refused() -> None:
    """A detector that was not there when it was made, and a cost without a probability."""

    class Other(Amount):
        name = "other"

        def probability(self, score: Vector) -> Vector | None:
            """None."""
            del score
            return None

    with pytest.raises(ModelError, match=r"thresholds\.json: expected other among amount"):
        place([Other()], learnt()[1], alerts_a_day=5.0)
    with pytest.raises(ModelError, match=r"alerts\.review_cost: expected a detector that tells probabilities"):
        place([Other()], learnt()[1], review_cost=5.0)


def test_rates_rise_and_limits_fall() -> None:
    """So that a larger budget never alerts on less."""
    _, table = learnt()
    reach = table.reach("amount")

    assert (np.diff(RATES) > 0).all()
    assert (np.diff(reach.overall) <= 0).all()
    assert (np.diff(reach.alerts_a_day) >= 0).all()
    assert all((np.diff(row) <= 0).all() for row in reach.segments)
    with pytest.raises(ModelError, match="expected centres of 3 figures"):
        Segments(center=np.zeros(2), scale=np.ones(3), centroids=np.zeros((1, 3)))
