"""The processes that show metrics: under which job Prometheus scrapes each, and all that it may show."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from prometheus_client import CollectorRegistry

from monitoring.metrics import Metrics
from monitoring.notify_metrics import NotifyMetrics
from stream.core.triage import Triage


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One kind of process.

    name     how it is started
    job      in deployment/prometheus/prometheus.yml
    port     where it shows its metrics unless told otherwise
    show     makes its metrics anew
    """

    name: str
    job: str
    port: int
    show: Callable[[], CollectorRegistry]


PROCESSES = (
    Process(
        name="weir worker",
        job="weir-worker",
        port=9108,
        show=lambda: Metrics(CollectorRegistry()).registry,
    ),
    Process(
        name="weir notify",
        job="weir-notify",
        port=9109,
        show=lambda: NotifyMetrics(CollectorRegistry(), sinks=("any",), triage=Triage()).registry,
    ),
)


@cache
def samples(process: Process) -> dict[str, str]:
    """What a scrape of a process may hold: name of a sample → the metric it belongs to."""
    families = process.show().collect()
    return {family.name + suffix: family.name for family in families for suffix in _SUFFIXES.get(family.type, ("",))}


_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
