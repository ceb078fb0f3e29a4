"""What ``weir console`` tells of itself: how many pages look, and how many alerts it holds."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, disable_created_metrics


class ConsoleMetrics:
    """Gauges that are read when they are scraped.

    registry  a fresh one: process metrics are added to it
    book      alerts in memory
    pages     that follow the alerts at present
    """

    def __init__(self, registry: CollectorRegistry, *, book: Callable[[], int], pages: Callable[[], int]) -> None:
        disable_created_metrics()
        alerts = Gauge("weir_console_alerts", "Alerts held in memory, to be asked for", registry=registry)
        alerts.set_function(book)
        looking = Gauge("weir_console_pages", "Pages that follow the alerts as they come", registry=registry)
        looking.set_function(pages)
        ProcessCollector(registry=registry)
