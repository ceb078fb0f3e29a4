"""Every Prometheus metric, declared once: unit in the name, labels of bounded size; fed by the agents slice by slice.

Those that need more than a number are declared beside their collector, in ``latency`` and ``symbols``.
"""

import platform
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, disable_created_metrics

from monitoring.health import Progress
from monitoring.latency import Latencies
from monitoring.symbols import SymbolFigures
from monitoring.watch import Watch
from stream.core.market.codes import FILTERED
from stream.core.scoring import CALLS
from stream.core.stage import Output
from stream.errors import WeirError
from stream.wire.refusal import REASONS
from stream.wire.topics import LABELS, TICKS, TRANSACTIONS

disable_created_metrics()  # a second series beside every counter, which nobody asks for

MOST_LABELS = 64  # label sets of one counter; more are counted as unknown
_ALERT_KINDS = ("fraud", "market", "liquidity", "feed")
_SEVERITIES = ("low", "medium", "high", "critical")
_EVENTS = ("payments", "ticks")
_STAGES = ("customers", "terminals", "market")
_UNDECLARED = "undeclared"


class UnknownCountError(WeirError):
    """A stage counts something that no metric is declared for."""

    def __init__(self, key: tuple[str, ...]) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"count {self.key!r}: expected one of {sorted(COUNTS)} with its labels, at most {MOST_LABELS} of them"


class _Count(NamedTuple):
    metric: str
    about: str
    labels: tuple[str, ...] = ()
    expected: tuple[tuple[str, ...], ...] = ()  # label sets shown as 0 from the start, so that no first one is missed


def _each(*values: str) -> tuple[tuple[str, ...], ...]:
    return tuple((value,) for value in values)


COUNTS: dict[str, _Count] = {  # first part of a count in ``Output.counts`` → what it is added to
    "events_in": _Count(
        "weir_events_in",
        "Records taken from an input topic",
        ("topic",),
        _each(TRANSACTIONS.name, LABELS.name, TICKS.name),
    ),
    "scored": _Count(
        "weir_scored_events", "Events judged, by kind; of labels: taken in", ("kind",), _each(*_EVENTS, "labels")
    ),
    "duplicates": _Count("weir_duplicate_events", "Events delivered before: same id, time, amount and terminal"),
    "dead_lettered": _Count(
        "weir_dead_lettered_events",
        "Records that became dead letters, by reason; late is one of them",
        ("reason",),
        _each(*sorted(REASONS - {"duplicate"})),
    ),
    "filtered": _Count(
        "weir_filtered_ticks",
        "Ticks judged but kept out of the risk figures, by reason",
        ("reason",),
        _each(*sorted(FILTERED.values())),
    ),
    "alerts": _Count(
        "weir_alerts",
        "Alerts told, by kind and severity",
        ("kind", "severity"),
        tuple((kind, severity) for kind in _ALERT_KINDS for severity in _SEVERITIES),
    ),
    "held_back": _Count("weir_held_back_alerts", "Alerts a cooldown held back", ("kind",), _each(*_ALERT_KINDS)),
    "overflowed": _Count(
        "weir_overflowed_keys",
        "Times a key or its history did not fit the stated bound",
        ("table",),
        _each(*_STAGES),
    ),
    "detector_failures": _Count(
        "weir_detector_failures", "Times a detector failed, by what it was asked", ("detector", "call")
    ),
    "evicted": _Count("weir_evicted_keys", "Keys forgotten to keep the stated bound", ("table",), _each(*_STAGES)),
}


class Metrics:
    """What one worker tells of itself; implements the agents' ``Observer``. A scrape may come at any time.

    registry  a fresh one: process metrics are added to it
    clock     epoch seconds, which may be set
    steady    seconds that only go on: what progress is judged by
    config    version of the settings in force
    strict    True raises ``UnknownCountError`` where False adds to ``weir_unknown_counts_total``: for tests
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        config: str = "",
        strict: bool = False,
    ) -> None:
        self.registry = registry
        self._strict = strict
        self._watch = Watch(steady)
        self._known: dict[str, set[tuple[str, ...]]] = {name: set(count.expected) for name, count in COUNTS.items()}
        self._counters = {name: _counter(count, registry) for name, count in COUNTS.items()}
        self._declare_counters()
        self._declare_gauges()
        self._declare_latencies()
        self._symbols = SymbolFigures(clock)
        registry.register(self._symbols)
        ProcessCollector(registry=registry)
        build = self._gauge("weir_build_info", "1; versions of Weir, Python, settings", "version", "python", "config")
        build.labels(version("weir"), platform.python_version(), config).set(1)

    def _declare_counters(self) -> None:
        self._unknown = Counter(
            "weir_unknown_counts", "Counts no metric is declared for: ours to mend", ["count"], registry=self.registry
        )
        self._ahead = Counter(
            "weir_ahead_of_clock_events",
            "Scored events stamped later than the worker's clock; their latency is taken as 0",
            registry=self.registry,
        )
        self._suppressed = Counter(
            "weir_suppressed_records",
            "Records not published again after a crash, by stage",
            ["stage"],
            registry=self.registry,
        )
        self._unknown.labels(_UNDECLARED)
        for stage in _STAGES:
            self._suppressed.labels(stage)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(name, about, labels, registry=self.registry)

    def _declare_gauges(self) -> None:
        self._lag = self._gauge("weir_consumer_lag_records", "Records that wait", "topic", "partition")
        age = self._gauge("weir_commit_age_seconds", "Age of the oldest work that no commit covers; 0: all is covered")
        age.set_function(self._watch.commit_age_seconds)
        self._partitions = self._gauge("weir_assigned_partitions", "Input partitions this worker reads")
        self._ready = self._gauge("weir_ready", "1 while partitions are assigned and their state is complete")
        self._recovery = self._gauge(
            "weir_recovery_seconds", "From the last rebalance, or the start, to partitions with complete state"
        )
        self._keys = self._gauge("weir_state_keys", "Keys remembered", "table", "partition")
        self._bytes = self._gauge("weir_state_bytes", "Bytes held, arrays and index", "table", "partition")
        self._models = self._gauge("weir_model_info", "1 for each detector that scores", "detector", "version")

    def _declare_latencies(self) -> None:
        self._scored = Latencies("weir_scored_latency_seconds", "Record timestamp to score", "kind", _EVENTS)
        self._alerted = Latencies("weir_alert_latency_seconds", "Record timestamp of the cause to alert queued")
        self._commits = Latencies("weir_commit_seconds", "Snapshot to durable rows, per commit", "stage", _STAGES)
        for latencies in (self._scored, self._alerted, self._commits):
            self.registry.register(latencies)

    def recovering(self, *, stage: str, partition: int) -> None:  # noqa: ARG002  # that any comes back is progress
        """Take note that rows of a partition were read back."""
        self._watch.recovering()

    def taking(self, *, stage: str, topic: str, partition: int) -> None:
        """Take note that a stage begins with a slice."""
        self._watch.taking(stage, topic, partition)

    def fed(self, output: Output, *, stage: str, partition: int, now: int) -> None:
        """Add what a stage made of a slice; ``now``, epoch ms, is when that was queued for publication."""
        self._watch.returned()
        if not output.counts:
            return  # idle: nothing was taken
        self._watch.took(stage, partition)
        for key, increment in output.counts.items():
            self._add(key, increment)
        if output.scored.size:
            kind = "ticks" if ("scored", "ticks") in output.counts else "payments"
            self._ahead.inc(int(np.count_nonzero(output.scored > now)))
            self._scored.observe(np.maximum(now - output.scored, 0) / 1000.0, kind)
        if output.alerted.size:
            self._alerted.observe(np.maximum(now - output.alerted, 0) / 1000.0)
        if output.figures:
            self._symbols.update(output.figures)

    def _add(self, key: tuple[str, ...], increment: int) -> None:
        name, labels = key[0], key[1:]
        count = COUNTS.get(name)
        known = self._known.get(name, set())
        if count is None or len(labels) != len(count.labels) or (labels not in known and len(known) >= MOST_LABELS):
            if self._strict:
                raise UnknownCountError(key)
            self._unknown.labels(name if count else _UNDECLARED).inc(increment)
            return
        known.add(labels)
        counter = self._counters[name]
        (counter.labels(*labels) if labels else counter).inc(increment)

    def suppressed(self, stage: str, count: int) -> None:
        """Add records that stood on their topic already, because a crash came between them and their commit."""
        self._suppressed.labels(stage).inc(count)

    def lag(self, topic: str, partition: int, records: int) -> None:
        """Take how many records of a partition wait."""
        self._watch.lag(topic, partition, records)
        if self._watch.is_open:
            self._lag.labels(topic, str(partition)).set(records)

    def committed(
        self,
        *,
        stage: str,
        partition: int,
        offsets: Mapping[str, int],
        keys: int,
        nbytes: int,
        seconds: float,
    ) -> None:
        """Take note of a commit, and unless partitions are being given up, of the state it made durable."""
        self._watch.committed(stage, partition, offsets)
        self._commits.observe(np.array([seconds]), stage)
        if self._watch.is_open:
            self._keys.labels(stage, str(partition)).set(keys)
            self._bytes.labels(stage, str(partition)).set(nbytes)

    def closed(self) -> None:
        """Take note of a rebalance: nothing is taken until ``opened``, and gauges of partitions begin again."""
        self._watch.closed()
        self._partitions.set(0)
        self._ready.set(0)
        for gauge in (self._lag, self._keys, self._bytes):
            gauge.clear()

    def opened(self, partitions: int) -> None:
        """Take note of so many input partitions assigned, their state complete."""
        self._recovery.set(self._watch.opened(partitions))
        self._partitions.set(partitions)
        self._ready.set(1)

    def serves(self, detectors: Mapping[str, str]) -> None:
        """Take the detectors that score, name → version; others no longer do."""
        self._models.clear()
        for name, model_version in detectors.items():
            self._models.labels(name, model_version).set(1)
            for call in CALLS:
                self._known["detector_failures"].add((name, call))
                self._counters["detector_failures"].labels(name, call)

    def begins(self) -> None:
        """Judge progress from now on: all that had to be made ready is."""
        self._watch.begins()

    def progress(self) -> Progress:
        """What health and readiness are judged by."""
        return self._watch.progress()


def _counter(count: _Count, registry: CollectorRegistry) -> Counter:
    counter = Counter(count.metric, count.about, count.labels, registry=registry)
    for labels in count.expected:
        counter.labels(*labels)
    return counter
