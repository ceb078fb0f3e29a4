import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from monitoring.metrics import COUNTS, MOST_LABELS, Metrics, UnknownCountError
from stream.core.stage import Output
from tests.monitoring.scrape import scrape, value

NOW = 1_700_000_000_000  # epoch ms


def metrics_after(*counts: tuple[str, ...], strict: bool = True) -> CollectorRegistry:
    """A registry after one slice with these counts, each 2."""
    registry = CollectorRegistry()
    metrics = Metrics(registry, strict=strict)
    output = Output()
    for key in counts:
        output.counts[key] += 2
    metrics.fed(output, stage="terminals", partition=0, now=NOW)
    return registry


@pytest.mark.parametrize(
    ("key", "name", "labels"),
    [
        (("events_in", "transactions"), "weir_events_in_total", {"topic": "transactions"}),
        (("scored", "payments"), "weir_scored_events_total", {"kind": "payments"}),
        (("duplicates",), "weir_duplicate_events_total", {}),
        (("dead_lettered", "late"), "weir_dead_lettered_events_total", {"reason": "late"}),
        (("filtered", "outlier"), "weir_filtered_ticks_total", {"reason": "outlier"}),
        (("alerts", "fraud", "high"), "weir_alerts_total", {"kind": "fraud", "severity": "high"}),
        (("held_back", "fraud"), "weir_held_back_alerts_total", {"kind": "fraud"}),
        (("overflowed", "customers"), "weir_overflowed_keys_total", {"table": "customers"}),
        (("evicted", "terminals"), "weir_evicted_keys_total", {"table": "terminals"}),
    ],
)
def test_each_count_of_a_stage_reaches_its_metric(key: tuple[str, ...], name: str, labels: dict[str, str]) -> None:
    """The label values stand behind the name in the order of the declaration."""
    assert value(metrics_after(key), name, **labels) == 2.0


def test_a_count_no_metric_is_declared_for_fails_loudly_in_tests() -> None:
    """A stage that counts something new can't do it unseen."""
    with pytest.raises(UnknownCountError, match="misspelt"):
        metrics_after(("misspelt", "late"))
    with pytest.raises(UnknownCountError):
        metrics_after(("dead_lettered",))


def test_a_count_no_metric_is_declared_for_is_visible_live() -> None:
    """A worker goes on, and a rule fires on the metric that counts such counts."""
    registry = metrics_after(("misspelt",), ("alerts", "fraud"), strict=False)

    assert value(registry, "weir_unknown_counts_total", count="undeclared") == 2.0
    assert value(registry, "weir_unknown_counts_total", count="alerts") == 2.0


def test_labels_are_bounded() -> None:
    """A plug-in that puts an id into a label can't fill Prometheus: past 64 it counts as unknown."""
    registry = metrics_after(*(("alerts", f"kind{i}", "low") for i in range(200)), strict=False)

    samples = [name for name, _ in scrape(registry) if name == "weir_alerts_total"]
    assert len(samples) == MOST_LABELS
    assert value(registry, "weir_unknown_counts_total", count="alerts") == 2.0 * (200 - MOST_LABELS + 16)


def test_latency_is_from_record_timestamp_to_now() -> None:
    """Payments 1, 30 and 400 ms old add up to 431 ms, two of them within 40 ms; the alert is the one of 30 ms."""
    registry = CollectorRegistry()
    output = Output()
    output.counts["scored", "payments"] += 3
    output.scored = NOW - np.array([1, 30, 400])
    output.alerted = output.scored[1:2]
    Metrics(registry).fed(output, stage="terminals", partition=0, now=NOW)

    assert value(registry, "weir_scored_latency_seconds_count", kind="payments") == 3.0
    assert value(registry, "weir_scored_latency_seconds_sum", kind="payments") == pytest.approx(0.431)
    assert value(registry, "weir_scored_latency_seconds_bucket", kind="payments", le="0.04") == 2.0
    assert value(registry, "weir_alert_latency_seconds_count") == 1.0


def test_ticks_and_payments_have_latencies_of_their_own() -> None:
    """A slow market stage must not hide behind fast payments."""
    registry = CollectorRegistry()
    output = Output(scored=np.array([NOW]))
    output.counts["scored", "ticks"] += 1
    Metrics(registry).fed(output, stage="market", partition=0, now=NOW)

    assert value(registry, "weir_scored_latency_seconds_count", kind="ticks") == 1.0
    assert value(registry, "weir_scored_latency_seconds_count", kind="payments") == 0.0


def test_an_event_from_the_future_is_counted_and_has_no_latency() -> None:
    """A producer's clock that runs ahead would otherwise make the service look fast, or break the sum."""
    registry = CollectorRegistry()
    output = Output(scored=np.array([NOW + 5000, NOW]))
    output.counts["scored", "payments"] += 2
    Metrics(registry).fed(output, stage="terminals", partition=0, now=NOW)

    assert value(registry, "weir_ahead_of_clock_events_total") == 1.0
    assert value(registry, "weir_scored_latency_seconds_sum", kind="payments") == 0.0


def test_every_expected_label_is_shown_as_zero_from_the_start() -> None:
    """The first dead letter after a start is an increase from 0, not a series that begins at 1."""
    registry = CollectorRegistry()
    Metrics(registry)

    for count in COUNTS.values():
        for labels in count.expected:
            assert value(registry, f"{count.metric}_total", **dict(zip(count.labels, labels, strict=True))) == 0.0


def test_a_commit_shows_the_state_it_made_durable() -> None:
    """Keys and bytes per table and partition, and how long the rows took."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.opened(8)
    metrics.committed(stage="customers", partition=3, offsets={"transactions": 7}, keys=10, nbytes=9000, seconds=0.02)

    assert value(registry, "weir_state_keys", table="customers", partition="3") == 10.0
    assert value(registry, "weir_state_bytes", table="customers", partition="3") == 9000.0
    assert value(registry, "weir_commit_seconds_count", stage="customers") == 1.0


def test_a_lost_partition_leaves_no_gauge_behind() -> None:
    """After a rebalance another worker reports it, also where its last commit here comes once it is given up."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.opened(2)
    metrics.lag("ticks", 0, 100)
    metrics.closed()
    metrics.committed(stage="market", partition=0, offsets={}, keys=3, nbytes=9, seconds=0.1)
    metrics.lag("ticks", 0, 90)
    metrics.opened(1)
    metrics.lag("ticks", 1, 5)

    lags = {key: v for key, v in scrape(registry).items() if key[0] == "weir_consumer_lag_records"}
    assert list(lags.values()) == [5.0]
    assert not any(name.startswith("weir_state") for name, _ in scrape(registry))


def test_a_model_swap_leaves_one_version_in_service() -> None:
    """The board names the model that scores now."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.serves({"autoencoder": "a1"})
    metrics.serves({"autoencoder": "a2"})

    assert value(registry, "weir_model_info", detector="autoencoder", version="a1") is None
    assert value(registry, "weir_model_info", detector="autoencoder", version="a2") == 1.0


def test_the_first_failure_of_a_detector_is_an_increase() -> None:
    """Those that score are shown with no failure from the start, whatever they may be asked."""
    registry = CollectorRegistry()
    metrics = Metrics(registry, strict=True)
    metrics.serves({"robust": "1"})
    before = value(registry, "weir_detector_failures_total", detector="robust", call="explain")
    output = Output()
    output.counts["detector_failures", "robust", "explain"] += 1
    metrics.fed(output, stage="terminals", partition=0, now=NOW)

    assert before == 0.0
    assert value(registry, "weir_detector_failures_total", detector="robust", call="explain") == 1.0
