"""Rates of groups are held to counts by hand and to SciPy's intervals, and stand in the card."""

import numpy as np
import pytest
from scipy.stats import binomtest

from models.fairness import over_groups


def test_rates_and_gaps_are_those_counted_by_hand() -> None:
    """Two groups of 200: 10 and 4 of 150 and 160 genuine payments alerted on, 40 and 20 of 50 and 40 frauds found."""
    parts = [("b", 1, 40, 50), ("a", 0, 10, 150), ("a", 1, 0, 0), ("b", 0, 4, 160), ("a", 1, 20, 40), ("", 0, 9, 9)]
    group = [name for name, _, _, n in parts for _ in range(n)]
    fraud = np.concatenate([np.full(n, is_fraud) for _, is_fraud, _, n in parts])
    alert = np.concatenate([np.arange(n) < hits for _, _, hits, n in parts])
    found = over_groups(alert, fraud, group)

    assert [(one.group, one.payments, one.frauds) for one in found.groups] == [("a", 190, 40), ("b", 210, 50)]
    assert found.gap_genuine_alert_ratio == pytest.approx(10 / 150 - 4 / 160)
    assert found.gap_recall == pytest.approx(40 / 50 - 20 / 40)
    for one, genuine, caught in zip(found.groups, ((10, 150), (4, 160)), ((20, 40), (40, 50)), strict=True):
        for interval, (hits, n) in ((one.genuine_alert_ratio_95, genuine), (one.recall_95, caught)):
            oracle = binomtest(hits, n).proportion_ci(method="wilson")
            assert interval == pytest.approx((oracle.low, oracle.high))


def test_of_a_group_that_is_too_small_nothing_is_said() -> None:
    """Thirty genuine payments have a rate, 29 frauds none; one group alone has no gap."""
    fraud = np.repeat([0, 1], [30, 29])
    found = over_groups(fraud == 1, fraud, ["a"] * 59)

    assert found.groups[0].genuine_alert_ratio == 0.0
    assert found.groups[0].recall is None
    assert found.gap_genuine_alert_ratio is None
