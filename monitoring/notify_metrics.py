"""What ``weir notify`` tells of itself, per sink: alerts told, held and given up, failures, and how long they wait."""

import time
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

from monitoring.health import Progress
from stream.core.triage import Triage
from stream.wire.triage import Delivery

_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)
HELD = ("snoozed", "acknowledged", "cooldown", "budget")


class NotifyMetrics:
    """Implements the tellers' ``Observer``; a scrape may come at any time.

    registry  a fresh one: process metrics are added to it
    sinks     names, shown from the start
    triage    kept up to date by somebody else
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        sinks: Sequence[str],
        triage: Triage,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        disable_created_metrics()  # a second series beside every counter, which nobody asks for
        self.registry, self._sinks = registry, tuple(sinks)
        self._clock, self._steady = clock, steady
        self._began = steady()
        self._opened: dict[str, float] = {}
        self._heard: dict[str, float] = {}
        label, options = ["sink"], {"registry": registry}
        self._told = Counter("weir_notify_told_alerts", "Alerts that a sink took", label, **options)
        self._notices = Counter(
            "weir_notify_notices", "Notices that a sink took, of one alert or more", label, **options
        )
        self._undelivered = Counter(
            "weir_notify_undelivered_alerts", "Alerts given up on: they are dead letters", label, **options
        )
        self._held = Counter("weir_notify_held_alerts", "Alerts not told, and why", [*label, "why"], **options)
        self._failures = Counter("weir_notify_failures", "Tries that a sink did not take", label, **options)
        self._failing = Gauge("weir_notify_failing", "1 while the last try of a sink failed", label, **options)
        self._active = Gauge(
            "weir_notify_active", "1 where this process tells the sink, 0: stands by", label, **options
        )
        self._waiting = Gauge("weir_notify_waiting_alerts", "Alerts that wait in memory", label, **options)
        self._oldest = Gauge("weir_notify_oldest_waiting_seconds", "How long the oldest has waited", label, **options)
        self._latency = Histogram(
            "weir_notify_latency_seconds", "Alert emitted to taken by a sink", label, buckets=_BUCKETS, **options
        )
        snoozes = Gauge("weir_snoozes", "Snoozes in force", registry=registry)
        snoozes.set_function(lambda: len(triage.in_force(round(1000 * clock()))))
        ProcessCollector(registry=registry)
        for sink in self._sinks:
            self._declare(sink)

    def _declare(self, sink: str) -> None:
        for metric in (
            *(self._told, self._notices, self._undelivered, self._failures, self._latency),
            *(self._failing, self._active, self._waiting, self._oldest),
        ):
            metric.labels(sink)
        for why in HELD:
            self._held.labels(sink, why)

    def opened(self, sink: str, *, is_active: bool) -> None:
        """Take note that a sink's reader has its place."""
        self._opened[sink] = self._heard[sink] = self._steady()
        self._active.labels(sink).set(is_active)

    def settled(self, delivery: Delivery, *, emitted_at: Sequence[int]) -> None:
        """Add what became of alerts."""
        sink, count = delivery.sink, len(delivery.alerts)
        if delivery.outcome == "held":
            self._held.labels(sink, delivery.why).inc(count)
        elif delivery.outcome == "undelivered":
            self._undelivered.labels(sink).inc(count)
        else:
            self._told.labels(sink).inc(count)
            self._notices.labels(sink).inc()
            for at in emitted_at:
                self._latency.labels(sink).observe(max(0.0, self._clock() - at / 1000))

    def tried(self, sink: str, why: str) -> None:
        """Take note of a try: "" where the sink took the notice."""
        self._failing.labels(sink).set(bool(why))
        if why:
            self._failures.labels(sink).inc()

    def waiting(self, sink: str, *, alerts: int, since: int) -> None:
        """Take note of what waits; also a sign of life."""
        self._heard[sink] = self._steady()
        self._waiting.labels(sink).set(alerts)
        self._oldest.labels(sink).set(max(0.0, self._clock() - since / 1000) if alerts else 0.0)

    def progress(self) -> Progress:
        """What health and readiness are judged by: ready once every sink's reader has its place."""
        is_open = len(self._opened) == len(self._sinks)
        return Progress(
            now=self._steady(),
            closed_at=self._began,
            recovered_at=max(self._opened.values(), default=None),
            opened_at=max(self._opened.values()) if is_open else None,
            partitions=1,
            heard=min((self._heard.get(sink, self._began) for sink in self._sinks), default=self._began),
        )
