import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from monitoring.latency import BUCKETS, Latencies
from tests.monitoring.scrape import scrape

SECONDS = st.one_of(st.floats(0.0, 100.0), st.sampled_from(BUCKETS))


@given(slices=st.lists(st.lists(SECONDS, max_size=20), max_size=5))
def test_a_histogram_fed_in_bulk_equals_prometheus_own_fed_value_by_value(slices: list[list[float]]) -> None:
    """Buckets, count and sum are the same, values that lie on a bound included."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    bulk = Latencies("t_seconds", "t", "kind", ("a",))
    ours.register(bulk)
    single = Histogram("t_seconds", "t", ["kind"], buckets=BUCKETS, registry=theirs).labels("a")
    for values in slices:
        bulk.observe(np.array(values, np.float64), "a")
        for one in values:
            single.observe(one)

    expected = {key: v for key, v in scrape(theirs).items() if not key[0].endswith("_created")}
    found = scrape(ours)
    assert found.keys() == expected.keys()
    for key, seen in expected.items():
        assert np.isclose(found[key], seen, rtol=1e-12), key


def test_buckets_run_from_one_millisecond_to_one_minute_and_rise() -> None:
    """A p99 budget of 50 ms and one of 250 ms for p99.9 both lie on a bound, so that they are told exactly."""
    assert BUCKETS[0] == 0.001
    assert BUCKETS[-1] == 60.0
    assert list(BUCKETS) == sorted(set(BUCKETS))
    assert {0.05, 0.25} < set(BUCKETS)


def test_a_kind_that_nothing_happened_to_is_shown_as_zero() -> None:
    """Prometheus can only see an increase from a sample that was there before."""
    registry = CollectorRegistry()
    registry.register(Latencies("t_seconds", "t", "kind", ("payments", "ticks")))

    assert scrape(registry)["t_seconds_count", frozenset({("kind", "ticks")})] == 0.0
