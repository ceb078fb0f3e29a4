import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry

from monitoring.exporter import Exporter
from monitoring.metrics import Metrics
from stream.core.stage import Output
from stream.errors import MachineError


def get(exporter: Exporter, path: str) -> tuple[int, str]:
    """Status and body of a page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{exporter.port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_metrics_are_served_on_a_free_port() -> None:
    """Port 0 takes any; the page holds what the worker counted."""
    metrics = Metrics(CollectorRegistry())
    output = Output()
    output.counts["events_in", "ticks"] += 3
    metrics.fed(output, stage="market", partition=0, now=0)
    with Exporter(metrics) as exporter:
        status, body = get(exporter, "/metrics")

    assert status == 200
    assert 'weir_events_in_total{topic="ticks"} 3.0' in body
    assert "process_start_time_seconds" in body


def test_a_worker_is_ready_while_it_has_partitions_and_their_state() -> None:
    """Before, and during a rebalance, the body says what it waits for."""
    metrics = Metrics(CollectorRegistry(), steady=lambda: 1000.0)
    with Exporter(metrics) as exporter:
        before = get(exporter, "/readyz")
        metrics.opened(4)
        after = get(exporter, "/readyz")
        metrics.closed()
        rebalancing = get(exporter, "/readyz")

    assert before == (503, "no partitions assigned with their state recovered, for 0 s\n")
    assert after == (200, "ok\n")
    assert rebalancing == before


def test_health_fails_with_the_reason_when_the_worker_stalls() -> None:
    """A liveness probe restarts the worker, and its log says why."""
    now = 1000.0
    metrics = Metrics(CollectorRegistry(), steady=lambda: now)
    metrics.opened(4)
    with Exporter(metrics) as exporter:
        well = get(exporter, "/healthz")
        now = 1090.0
        ill = get(exporter, "/healthz")

    assert well == (200, "ok\n")
    assert ill == (503, "no sign of life from the worker's loop for 90 s\n")


def test_an_unknown_page_names_those_there_are() -> None:
    """A mistyped probe path shows itself."""
    with Exporter(Metrics(CollectorRegistry())) as exporter:
        assert get(exporter, "/health") == (404, "only /metrics /healthz /readyz\n")


def test_a_taken_port_is_refused_with_the_setting_to_change() -> None:
    """Two workers on one machine: the second says how to mend it."""
    with Exporter(Metrics(CollectorRegistry())) as first, pytest.raises(MachineError, match=r"worker\.metrics_port"):
        Exporter(Metrics(CollectorRegistry()), port=first.port)
