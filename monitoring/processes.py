"""The processes that show metrics: under which job Prometheus scrapes each, and all that it may show."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from prometheus_client import CollectorRegistry

from monitoring.console_metrics import ConsoleMetrics
from monitoring.metrics import Metrics
from monitoring.monitor_metrics import MonitorMetrics
from monitoring.notify_metrics import NotifyMetrics
from monitoring.score_metrics import ScoreMetrics
from stream.core.triage import Triage
from stream.settings import Settings


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


class _Nothing:
    """What ``weir score`` rests on before it has read anything."""

    committed_at = 0.0
    customers: tuple[str, ...] = ()
    terminals: tuple[str, ...] = ()

    def age_ms(self) -> int:
        """How old it may be."""
        return 0


def _of_score() -> CollectorRegistry:
    registry = CollectorRegistry()
    ScoreMetrics(registry, _Nothing())
    return registry


def _of_console() -> CollectorRegistry:
    registry = CollectorRegistry()
    ConsoleMetrics(registry, book=lambda: 0, pages=lambda: 0)
    return registry


_PLACES = Settings()
PROCESSES = (
    Process(
        name="weir worker",
        job="weir-worker",
        port=_PLACES.worker.metrics_port,
        show=lambda: Metrics(CollectorRegistry()).registry,
    ),
    Process(
        name="weir notify",
        job="weir-notify",
        port=_PLACES.notify.metrics_port,
        show=lambda: NotifyMetrics(CollectorRegistry(), sinks=("any",), triage=Triage()).registry,
    ),
    Process(
        name="weir console",
        job="weir-console",
        port=_PLACES.console.port,
        show=_of_console,
    ),
    Process(
        name="weir monitor",
        job="weir-monitor",
        port=_PLACES.monitor.metrics_port,
        show=lambda: MonitorMetrics(CollectorRegistry()).registry,
    ),
    Process(
        name="weir score",
        job="weir-score",
        port=_PLACES.console.score_port,
        show=_of_score,
    ),
)


@cache
def samples(process: Process) -> dict[str, str]:
    """What a scrape of a process may hold: name of a sample → the metric it belongs to."""
    families = process.show().collect()
    return {family.name + suffix: family.name for family in families for suffix in _SUFFIXES.get(family.type, ("",))}


_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
