"""Endurance: half of what a worker can take, for as long as is asked; neither memory nor latency may rise."""

import time
from collections import defaultdict

import msgspec
import numpy as np
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.admin import ConfigResource, ConfigResourceType

from stream.bench.ground import Ground, metrics_address
from stream.bench.lasting.standing import Run, standing
from stream.bench.lasting.steady import Offered
from stream.bench.lasting.trend import Trend, trend_of
from stream.bench.processes import weigh
from stream.consume import consumer_of, read_to_end
from stream.errors import WeirError
from stream.run.ready import counter
from stream.settings import Settings
from stream.wire.events import Alert
from stream.wire.topics import ALERTS, BY_TERMINAL, DEAD_LETTERS, LABELS, SCORES, TRANSACTIONS

LOUD_SHARE = 0.004  # of the payments raise an alert: at 50,000/s some 12,000 a minute for a p99 to stand on
_KEPT_BYTES = 256 << 20  # of each partition of what passes through: an hour's worth would fill the disk
_PARTS = 60  # of the time, each with a p99 of its own
_alert = msgspec.json.Decoder(Alert).decode


class Soak(msgspec.Struct, frozen=True, kw_only=True):
    """What an hour (or so) at half capacity was like.

    capacity           payments per second of a backlog, measured first in the same run
    offered, achieved  payments per second asked for, and taken by Kafka
    behind_ms          the longest that the load itself left late: part of the latency, not of Weir
    rss_mb             every second; p99_ms and alerts: of each of 60 equal parts of the time
    memory, latency    trends of the two, MB and ms
    keys               held by the customers' tables at the end; they come and go all the time
    lag                records left when the load had ended and three commits had passed
    """

    minutes: float
    capacity: float
    offered: float
    achieved: float
    behind_ms: float
    cpu_share: float
    payments: int
    alerts: int
    keys: int
    lag: int
    rss_mb: list[float]
    p99_ms: list[float]
    memory: Trend
    latency: Trend


def measure_soak(ground: Ground, *, minutes: float, customers: int, events: int) -> Soak:
    """Measure the capacity, offer half of it for ``minutes``, and see that every payment was scored.

    customers  each of 20 payments in 30 days, which is gone through before the measurement: so state stands still
    events     of the backlog that capacity is measured by
    """
    ground.tell("soak", 0.0)
    placed = ground.place("soak")
    _keep_little(placed)
    with standing("soak", ground, placed, customers=customers, loud_share=LOUD_SHARE) as run:
        capacity = run.rate(events, 1.0)
        offered, watched = _offer(run, capacity / 2, 60.0 * minutes)
        time.sleep(3 * placed.kafka.commit_seconds)
        lag = run.offsets.lag()
        run.drained()
        keys = round(counter(metrics_address(placed), "weir_state_keys", table="customers"))
        _account(placed, run.done)
    ground.tell("soak", 1.0)
    return watched.judged(offered, minutes=minutes, capacity=capacity, keys=keys, lag=lag)


class _Watched:
    """What was seen while the load ran."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.rss_mb: list[float] = []
        self.cpu_seconds = 0.0
        self.alerts: list[tuple[float, float]] = []  # epoch ms when due; ms until read

    def take(self, consumer: KafkaConsumer) -> None:
        """Read the alerts there are, for a tenth of a second at most."""
        for records in consumer.poll(timeout_ms=100).values():
            now = 1000.0 * time.time()
            for record in records:
                due = _alert(record.value).produced_at
                self.alerts.append((due, now - due))

    def judged(self, offered: Offered, *, minutes: float, capacity: float, keys: int, lag: int) -> Soak:
        """Put the figures together."""
        seconds = 60.0 * minutes
        part = 1000.0 * seconds / _PARTS
        parts: defaultdict[int, list[float]] = defaultdict(list)
        for due, late in self.alerts:
            if due >= offered.began:
                parts[int((due - offered.began) // part)].append(late)
        middle = [(index + 0.5) * part / 1000.0 for index in sorted(parts)]
        p99 = [float(np.quantile(parts[index], 0.99)) for index in sorted(parts)]
        return Soak(
            minutes=minutes,
            capacity=capacity,
            offered=capacity / 2,
            achieved=offered.achieved,
            behind_ms=offered.behind_ms,
            cpu_share=self.cpu_seconds / seconds,
            payments=offered.payments,
            alerts=sum(map(len, parts.values())),
            keys=keys,
            lag=lag,
            rss_mb=self.rss_mb,
            p99_ms=p99,
            memory=trend_of(self.seconds, self.rss_mb),
            latency=trend_of(middle, p99),
        )


def _offer(run: Run, rate: float, seconds: float) -> tuple[Offered, _Watched]:
    """Run the load; meanwhile read alerts all the time, and weigh the worker once a second."""
    watched = _Watched()
    consumer = consumer_of(run.placed, [ALERTS.name], from_beginning=False)
    try:
        with run.offering(rate, seconds) as load:
            began, before = time.monotonic(), weigh(run.worker.pid).cpu_seconds
            while load.child.ended() is None:
                watched.take(consumer)
                now = time.monotonic() - began
                if now >= len(watched.seconds):
                    watched.seconds.append(now)
                    watched.rss_mb.append(weigh(run.worker.pid).rss_mb)
                    run.worker.require_alive()
                    run.ground.tell("soak", min(0.99, now / seconds))
            watched.cpu_seconds = weigh(run.worker.pid).cpu_seconds - before
        watched.take(consumer)
    finally:
        consumer.close()
    return load.offered(), watched


def _keep_little(placed: Settings) -> None:
    """Let Kafka delete what has passed through: only the changelogs are needed again."""
    names = [topic.name for topic in (TRANSACTIONS, LABELS, BY_TERMINAL, SCORES, ALERTS)]
    configs = {"retention.bytes": str(_KEPT_BYTES), "segment.bytes": str(_KEPT_BYTES // 4)}
    admin = KafkaAdminClient(bootstrap_servers=placed.kafka.bootstrap)
    try:
        admin.alter_configs(
            [
                ConfigResource(ConfigResourceType.TOPIC, placed.kafka.prefix + name, configs=dict(configs))
                for name in names
            ]
        )
    finally:
        admin.close()


def _account(placed: Settings, payments: int) -> None:
    """Hold the worker to all that was offered, by its own counter: what it published is partly deleted by now."""
    scored = round(counter(metrics_address(placed), "weir_scored_events_total", kind="payments"))
    letters = consumer_of(placed, [DEAD_LETTERS.name], from_beginning=True)
    try:
        refused = sum(1 for _ in read_to_end(letters))
    finally:
        letters.close()
    if scored + refused != payments:
        raise WeirError(f"of {payments:,} payments {scored:,} were scored and {refused:,} refused")
