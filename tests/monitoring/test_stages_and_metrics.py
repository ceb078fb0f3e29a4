from collections import Counter

from prometheus_client import CollectorRegistry

from monitoring.metrics import COUNTS, Metrics
from tests.monitoring.driven import outputs
from tests.monitoring.scrape import scrape


def test_every_count_of_the_real_stages_has_its_metric_and_adds_up() -> None:
    """Simulated payments and ticks, duplicates, late, refused and bad ones: what stages count is what is shown."""
    registry = CollectorRegistry()
    metrics = Metrics(registry, strict=True)
    total: Counter[tuple[str, ...]] = Counter()
    for stage, output in outputs(1500):
        metrics.fed(output, stage=stage, partition=0, now=1_700_000_000_000)
        total += output.counts

    shown = scrape(registry)
    assert {"events_in", "scored", "duplicates", "dead_lettered", "filtered", "alerts", "held_back"} <= {
        key[0] for key in total
    }
    for key, times in total.items():
        count = COUNTS[key[0]]
        assert shown[f"{count.metric}_total", frozenset(zip(count.labels, key[1:], strict=True))] == times, key
    assert shown["weir_scored_latency_seconds_count", frozenset({("kind", "ticks")})] > 0
    assert shown["weir_alert_latency_seconds_count", frozenset()] == sum(
        n for k, n in total.items() if k[0] == "alerts"
    )
