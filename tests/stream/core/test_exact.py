"""Exact figures: whole numbers and ``statistics`` are the oracle."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.core.exact import sample_deviation, twice_median

AMOUNTS = st.one_of(st.integers(0, 3), st.integers(0, 2**31 - 1), st.integers(2**31 - 9, 2**31 - 1))


@given(values=st.lists(AMOUNTS, min_size=2, max_size=200))
@settings(deadline=None)
def test_deviation_equals_whole_number_arithmetic(values: list[int]) -> None:
    """However large and however close together, only the last rounding is left."""
    high, low = sum(v * v >> 32 for v in values), sum(v * v & 0xFFFFFFFF for v in values)

    assert sample_deviation(len(values), sum(values), high, low) == pytest.approx(statistics.stdev(values), rel=4e-16)


def test_deviation_of_the_longest_history_of_the_largest_amounts_does_not_overflow() -> None:
    """65,536 amounts, half 0 and half 2**31 - 1: the closed form is the oracle."""
    count, most = 65_536, 2**31 - 1
    half = count // 2
    high, low = half * (most * most >> 32), half * (most * most & 0xFFFFFFFF)
    expected = most * math.sqrt(half * half / (count * (count - 1)))

    assert sample_deviation(count, half * most, high, low) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("count", [0, 1])
def test_deviation_of_less_than_two_is_unknown(count: int) -> None:
    """One value has no spread."""
    assert math.isnan(sample_deviation(count, 5 * count, 0, 25 * count))


@given(values=st.lists(st.one_of(AMOUNTS, st.integers(0, 2**32 - 2)), min_size=1, max_size=200))
@settings(deadline=None)
def test_median_equals_that_of_the_sorted_list(values: list[int]) -> None:
    """Odd or even, with many equal ones or none."""
    assert twice_median(np.array(values, np.uint32)) == 2 * statistics.median(values)
