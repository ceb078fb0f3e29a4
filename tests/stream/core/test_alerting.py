"""Severity follows the loss to be expected, where a probability is known, and the score where none is."""

import math

from stream.core.alerting import amount_at_risk, severity, severity_of_loss
from stream.core.names import FEATURES


def a_payment(**values: float) -> dict[str, float]:
    """Feature values, nan but for those given."""
    return {**dict.fromkeys(FEATURES, math.nan), **values}


def test_at_risk_is_the_payment_and_a_day_of_whom_the_alert_is_about() -> None:
    """700 in a week is 100 a day; a terminal's week is its count times its mean, and nothing where it had none."""
    customer = a_payment(amount=30.0, customer_sum_7d=700.0)
    terminal = a_payment(amount=30.0, terminal_count_7d=14.0, terminal_mean_7d=50.0)
    new = a_payment(amount=30.0, terminal_count_7d=0.0)

    assert amount_at_risk("customer", customer) == 130.0
    assert amount_at_risk("terminal", terminal) == 130.0
    assert amount_at_risk("terminal", new) == 30.0


def test_a_severity_begins_at_its_step() -> None:
    """Steps of 50, 200 and 1,000: below, at and beyond them."""
    steps = (50.0, 200.0, 1000.0)

    assert [severity_of_loss(loss, steps) for loss in (0.0, 49.9, 50.0, 199.0, 200.0, 1000.0, 1e9)] == [
        "low", "low", "medium", "medium", "high", "critical", "critical"
    ]  # fmt: skip


def test_without_a_probability_the_score_over_its_threshold_grades() -> None:
    """1.3, 2 and 4 times the threshold."""
    assert [severity(score, 10.0) for score in (10.0, 12.9, 13.0, 19.9, 20.0, 40.0)] == [
        "low", "low", "medium", "medium", "high", "critical"
    ]  # fmt: skip
