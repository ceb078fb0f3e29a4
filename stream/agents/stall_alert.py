"""The alert of a worker that stands still, told by the contract of all alerts and by a producer of its own."""

import hashlib
import os
import socket
import time
from importlib.metadata import version

from kafka import KafkaProducer

from monitoring.health import Stall
from stream.agents.outbox import ID_HEADER
from stream.connection import client_options
from stream.errors import StalledError
from stream.settings import Settings
from stream.wire.codec import encode
from stream.wire.events import Alert, DetectorRef, Entity, Reason, SourceRef
from stream.wire.topics import ALERTS

_NOWHERE = -1  # partition and offset of a stall that is no single partition's


def stall_alert(settings: Settings, found: Stall, *, place: str, now: int) -> Alert:
    """Say of which worker, since when and why.

    place  where in the code the worker's loop is
    now    epoch ms
    -> an alert of kind ``pipeline``: its score is the seconds without progress, its id is this process at this moment
    """
    host, pid, group = socket.gethostname(), os.getpid(), settings.kafka.group
    worker = f"{host[:50]}:{pid}"
    due, usual = found.due, settings.kafka.commit_seconds
    topic, partition, lag = (due.topic, due.partition, due.lag) if due is not None else ("", _NOWHERE, None)
    return Alert(
        id=hashlib.blake2b(f"stall/{group}/{worker}/{now}".encode(), digest_size=12).hexdigest(),
        kind="pipeline",
        severity="critical",
        at=now,
        detected_at=now,
        emitted_at=now,
        produced_at=now,
        entity=Entity(kind="worker", id=worker),
        score=found.seconds,
        threshold=settings.kafka.watchdog_seconds,
        reasons=(
            Reason(feature="seconds_without_progress", value=found.seconds, usual=usual, contribution=found.seconds),
        ),
        sentence=f"Worker {worker} of group {group} stands still: {found.reason}.",
        detector=DetectorRef(name="watchdog", version=version("weir")),
        config=settings.version,
        source=SourceRef(topic=topic, partition=partition, offset=_NOWHERE),
        evidence={
            "group": group,
            "host": host,
            "pid": pid,
            "topic": topic,
            "partition": partition,
            "lag": lag,
            "place": place,
        },
        action=f"The worker ends with exit code {StalledError.exit_code} for its supervisor to start it again; "
        "if that repeats, see WeirCommitStalled in docs/runbook.md.",
    )


def publish(settings: Settings, alert: Alert, *, seconds: float) -> None:
    """Put an alert on its topic, past a loop that may be stuck; raises KafkaError where Kafka does not take it."""
    until = time.monotonic() + seconds
    patience = int(1000 * seconds)
    producer = KafkaProducer(
        **client_options(settings.kafka),
        acks="all",
        bootstrap_timeout_ms=patience // 2,
        max_block_ms=patience // 2,
        request_timeout_ms=patience,
        delivery_timeout_ms=patience,
        linger_ms=0,
    )
    producer.send(
        settings.kafka.prefix + ALERTS.name,
        key=alert.entity.id.encode(),
        value=encode(alert),
        headers=[(ID_HEADER, alert.id.encode())],
    ).get(timeout=max(0.0, until - time.monotonic()))
