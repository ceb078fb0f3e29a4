"""Page–Hinkley against its definition, value by value."""

import numpy as np

from stream.drift.page_hinkley import PageHinkley


def test_it_alarms_where_the_running_sum_has_left_its_minimum_by_the_limit() -> None:
    """A mean that rises by half a deviation at 500: the same alarm as by the textbook's sums and minima."""
    values = np.random.default_rng(3).normal(size=2_000)
    values[500:] += 0.5
    test = PageHinkley(slack=0.1, limit=50.0)

    alarms = []
    for at, value in enumerate(values.tolist()):
        test.add(value, 1, at)
        alarms.append(test.since())

    sums = np.cumsum(values - 0.1)
    gaps = sums - np.minimum.accumulate(np.minimum(sums, 0.0))
    first = int(np.argmax(gaps > 50.0))
    assert alarms[first - 1] is None
    assert alarms[first] == int(np.argmin(np.append(0.0, sums[:first])))
    assert 500 < first < 1_000


def test_a_fall_is_found_as_a_rise_is_and_forgotten_when_told() -> None:
    """Mirrored values give the mirrored alarm; after it the test begins again."""
    up, down = PageHinkley(slack=0.1, limit=10.0), PageHinkley(slack=0.1, limit=10.0)
    for at in range(12):
        up.add(1.0, 1, at)
        down.add(-1.0, 1, at)

    assert up.since() == down.since() == 0
    assert up.level == down.level > 1.0
    up.begin_again()
    assert (up.since(), up.level) == (None, 0.0)
