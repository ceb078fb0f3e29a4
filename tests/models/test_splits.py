"""Splits never shuffle, and leave the label delay between what learns and what judges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.splits import Plan, Split, not_known_as_fraud, split_by_time
from stream.core.names import DAY_MS
from stream.errors import ModelError


@given(st.integers(56, 200), st.integers(0, 2**31))
def test_windows_follow_each_other_with_an_embargo(days: int, seed: int) -> None:
    """max(train) + delay ≤ min(stop) and max(calibration) + delay ≤ min(test), whatever the history."""
    at = np.sort(np.random.default_rng(seed).integers(0, days * DAY_MS, 400))
    at = np.concatenate(([0], at, [days * DAY_MS - 1]))
    split = split_by_time(at, Plan())
    train, stop, calibration, test = (
        at[split.rows(at, window)] for window in (split.train, split.stop, split.calibration, split.test)
    )

    for before, after, embargo in ((train, stop, 7), (stop, calibration, 0), (calibration, test, 7)):
        if len(before) and len(after):
            assert before.max() + embargo * DAY_MS <= after.min()
    assert test.size == 0 or test.max() == at[-1]


def test_a_history_too_short_is_refused_with_its_length() -> None:
    """55 days hold no test window after two purges."""
    at = np.arange(55) * DAY_MS

    with pytest.raises(ModelError, match=r"at least 56 days, was 55\.0"):
        split_by_time(at, Plan())


def test_windows_that_overlap_an_embargo_are_refused() -> None:
    """Calibration that ends a day before the test leaves no room for verdicts seven days late."""
    day = DAY_MS
    with pytest.raises(ModelError, match="expected train"):
        Split(
            train=(0, day),
            stop=(8 * day, 9 * day),
            calibration=(9 * day, 10 * day),
            test=(11 * day, 12 * day),
            delay=7 * day,
        )


def test_a_fraud_is_left_out_of_training_only_once_its_verdict_has_come() -> None:
    """Frauds on day 0 and day 5, verdicts after 7 days, asked on day 10: only the first is known."""
    at, fraud = np.array([0, 0, 5, 5]) * DAY_MS, np.array([1, 0, 1, 0])

    assert not_known_as_fraud(at, fraud, delay=7 * DAY_MS, as_of=10 * DAY_MS).tolist() == [1, 2, 3]
