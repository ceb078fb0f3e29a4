"""Latency under offered load: from when a payment was due until its alert is in a consumer's hands."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose latency is measured.

    topics      it reads; the first holds the payments
    run         given settings, runs it for as long as it is needed
    wait_ready  returns when it can work
    read        an alert's record → what names the alert, and when its payment was due, epoch ms
    """

    name: str
    topics: tuple[str, ...]
    run: Callable[[Settings], AbstractContextManager[Child]]
    wait_ready: Callable[[Settings, Child, Offsets], None]
    read: Callable[[bytes], tuple[str, float]]


def weir(ground: Ground) -> Subject:
    """Weir itself."""

    def read(value: bytes) -> tuple[str, float]:
        alert = _alert(value)
        return alert.id, alert.produced_at

    return Subject(
        name="latency",
        topics=(TRANSACTIONS.name, LABELS.name, BY_TERMINAL.name),
        run=ground.worker,
        wait_ready=lambda placed, worker, _: ground.wait_ready(placed, worker),
        read=read,
    )


def measure_latency(
    ground: Ground, *, rate: int, seconds: float, warm_seconds: float, subject: Subject | None = None
) -> Latency:
    """Offer ``rate`` payments per second, open loop, for ``warm_seconds + seconds``.

    subject  None: Weir
    """
    subject = subject or weir(ground)
    what = f"{subject.name} at {rate:,}/s"
    ground.tell(what, 0.0)
    placed = ground.place(f"{subject.name}-at-{rate}")
    kafka = placed.kafka
    reads = [kafka.prefix + topic for topic in subject.topics]
    report = ground.folder / f"offered-{subject.name}-{rate}.json"
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
        subject.run(placed) as worker,
        Offsets(kafka.bootstrap, group=kafka.group, topics=reads, partitions=kafka.partitions) as offsets,
    ):
        subject.wait_ready(placed, worker, offsets)
        seen, kept_up, used = _offer(ground, placed, order, worker, offsets)
    offered = msgspec.json.decode(report.read_bytes(), type=Offered)
    ground.tell(what, 1.0)
    delays = _delays(seen, subject, after=offered.began + 1000.0 * warm_seconds)
    return _judged(delays, offered, order, kept_up, used)


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


def _delays(seen: _Seen, subject: Subject, *, after: float) -> dict[str, float]:
    """Milliseconds of each alert whose payment was due ``after`` the warm-up, by what names it."""
    delays: dict[str, float] = {}
    for now, values in seen:
        for name, due in map(subject.read, values):
            if due >= after:
                delays.setdefault(name, now - due)
    return delays


def _judged(delays: dict[str, float], offered: Offered, order: Order, kept_up: bool, used: float) -> Latency:
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
