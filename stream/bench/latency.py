"""Latency under offered load: from when a payment was due until its alert is in a consumer's hands."""

import time

import msgspec
import numpy as np
from kafka import KafkaConsumer

from stream.bench.drain import Offsets
from stream.bench.ground import Ground
from stream.bench.offer import Offered, Order
from stream.bench.processes import running, weigh
from stream.consume import consumer_of
from stream.run.children import Child
from stream.settings import Settings
from stream.wire.codec import encode
from stream.wire.events import Alert
from stream.wire.topics import ALERTS, BY_TERMINAL, LABELS, TRANSACTIONS

LOUD_SHARE = 0.01  # of the payments are out of range, so that a p99.9 has alerts enough to stand on
_DRAIN_SECONDS = 60.0  # after the load has ended
_alert = msgspec.json.Decoder(Alert).decode
_Seen = list[tuple[float, list[bytes]]]  # epoch ms when read, values


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Due → alert consumed at one offered rate, milliseconds; every alert after the warm-up counts.

    offered, achieved  payments per second, asked for and taken by Kafka
    kept_up            all was committed when the load had ended and three commits had passed
    cpu_share          of its core that the worker used, all processes' shares of other cores apart
    behind_ms          of the load itself: part of the latency, not of Weir
    """

    offered: float
    achieved: float
    kept_up: bool
    alerts: int
    p50: float
    p99: float
    p999: float
    max: float
    cpu_share: float
    behind_ms: dict[str, float]


def measure_latency(ground: Ground, *, rate: int, seconds: float, warm_seconds: float) -> Latency:
    """Offer ``rate`` payments per second, open loop, for ``warm_seconds + seconds``."""
    what = f"latency at {rate:,}/s"
    ground.tell(what, 0.0)
    placed = ground.place(f"latency-{rate}")
    kafka = placed.kafka
    reads = [kafka.prefix + topic.name for topic in (TRANSACTIONS, LABELS, BY_TERMINAL)]
    report = ground.folder / f"offered-{rate}.json"
    order = Order(
        bootstrap=kafka.bootstrap,
        prefix=kafka.prefix,
        partitions=kafka.partitions,
        rate=rate,
        seconds=warm_seconds + seconds,
        loud_share=LOUD_SHARE,
        seed=1,
        report=str(report),
    )
    with (
        ground.worker(placed) as worker,
        Offsets(kafka.bootstrap, group=kafka.group, topics=reads, partitions=kafka.partitions) as offsets,
    ):
        ground.wait_ready(placed, worker)
        seen, kept_up, used = _offer(ground, placed, order, worker, offsets)
    offered = msgspec.json.decode(report.read_bytes(), type=Offered)
    ground.tell(what, 1.0)
    return _judged(seen, offered, order, kept_up, used, after=offered.began + 1000.0 * warm_seconds)


def _offer(
    ground: Ground, placed: Settings, order: Order, worker: Child, offsets: Offsets
) -> tuple[_Seen, bool, float]:
    """Run the load and read alerts meanwhile; returns them, whether the worker kept up, and its CPU seconds."""
    seen: _Seen = []
    consumer = consumer_of(placed, [ALERTS.name], from_beginning=True)
    load = running(
        f"offer-{order.rate:.0f}",
        [encode(order).decode()],
        cores=ground.cores.others,
        folder=ground.folder,
        environment={},
        module="stream.bench.offer",
    )
    try:
        before = weigh(worker.pid).cpu_seconds
        with load as child:
            while child.ended() is None:
                _read(consumer, seen)
                worker.require_alive()
            child.require_alive()
        used = weigh(worker.pid).cpu_seconds - before
        ended = time.monotonic()
        while time.monotonic() < ended + 3 * placed.kafka.commit_seconds:
            _read(consumer, seen)
        kept_up = offsets.lag() == 0
        while offsets.lag() and time.monotonic() < ended + _DRAIN_SECONDS:
            _read(consumer, seen)
            worker.require_alive()
        _read(consumer, seen)
    finally:
        consumer.close()
    return seen, kept_up, used


def _read(consumer: KafkaConsumer, seen: _Seen) -> None:
    """Take what comes; decoding waits until nothing is measured."""
    for records in consumer.poll(timeout_ms=100).values():
        seen.append((1000.0 * time.time(), [record.value for record in records]))


def _judged(seen: _Seen, offered: Offered, order: Order, kept_up: bool, used: float, *, after: float) -> Latency:
    delays: dict[str, float] = {}
    for now, values in seen:
        for value in values:
            alert = _alert(value)
            if alert.produced_at >= after:
                delays.setdefault(alert.id, now - alert.produced_at)
    every = np.array(list(delays.values())) if delays else np.array([np.nan])
    p50, p99, p999, longest = np.quantile(every, [0.5, 0.99, 0.999, 1.0]).tolist()
    return Latency(
        offered=order.rate,
        achieved=offered.achieved,
        kept_up=kept_up,
        alerts=len(delays),
        p50=p50,
        p99=p99,
        p999=p999,
        max=longest,
        cpu_share=used / order.seconds,
        behind_ms=offered.behind_ms,
    )
