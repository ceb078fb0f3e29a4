"""Slopes and their errors (``stream.bench.lasting.trend``)."""

import numpy as np
import pytest
from scipy import stats

from stream.bench.lasting.trend import trend_of


def test_a_straight_line_is_found_without_error() -> None:
    """300 MB that grow by 2 MB a minute grow by 120 MB an hour, beyond doubt."""
    seconds = np.arange(0.0, 600.0)
    trend = trend_of(seconds.tolist(), (300.0 + seconds / 30.0).tolist())

    assert trend.per_hour == pytest.approx(120.0)
    assert trend.error == pytest.approx(0.0, abs=1e-6)
    assert trend.last - trend.first == pytest.approx(120.0 * 580.0 / 3600.0)  # between the middles of 30 parts


def test_slope_and_error_are_those_of_scipy() -> None:
    """As long as there are no more samples than parts, the line is the ordinary one of least squares."""
    rng = np.random.default_rng(1)
    seconds, values = np.arange(25.0), rng.normal(40.0, 3.0, 25)
    expected = stats.linregress(seconds / 3600.0, values)
    trend = trend_of(seconds.tolist(), values.tolist())

    assert trend.per_hour == pytest.approx(expected.slope)
    assert trend.error == pytest.approx(expected.stderr)


def test_noise_without_a_trend_is_flat_within_its_error() -> None:
    """Of 200 series without a trend, that resemble themselves from one sample to the next, few seem to have one."""
    rng = np.random.default_rng(2)
    far = 0
    for _ in range(200):
        noise = np.convolve(rng.normal(0.0, 1.0, 909), np.ones(10) / 10, mode="valid")
        trend = trend_of(np.arange(900.0).tolist(), noise.tolist())
        far += abs(trend.per_hour) > 2.0 * trend.error

    assert far < 30  # about 6 % would be beyond two errors if the means were independent: 12
