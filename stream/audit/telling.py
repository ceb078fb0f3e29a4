"""Telling a change: before a worker judges anything, what decides its alerts stands on the topic ``changes``."""

import hashlib
import os
import socket
import time
from collections.abc import Sequence
from contextlib import closing
from importlib.metadata import version
from typing import Any

import msgspec
from kafka import KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from models.detector import Detector
from stream.audit.reading import last_value
from stream.connection import connect
from stream.consume import consumer_of
from stream.errors import DeliveryError
from stream.settings import Settings
from stream.wire.audit import Change
from stream.wire.codec import encode
from stream.wire.topics import CHANGES

_SECONDS = 30.0


def tell_change(settings: Settings, detectors: Sequence[Detector]) -> bool:
    """Publish what decides alerts, unless the last that was told is the same; returns whether it was published.

    Raises MachineError where there is no Kafka, DeliveryError where it takes no record.
    """
    topic = settings.kafka.prefix + CHANGES.name
    change = change_of(settings, detectors, now=int(time.time() * 1000))
    with closing(consumer_of(settings, [CHANGES.name], from_beginning=False)) as consumer:
        last = last_value(consumer, TopicPartition(topic, 0))
    if last is not None and msgspec.json.decode(last).get("id") == change.id:
        return False
    producer = connect(KafkaProducer, settings.kafka, acks="all", retries=5)
    with closing(producer):
        try:
            producer.send(topic, value=encode(change), partition=0).get(timeout=_SECONDS)
        except KafkaError as error:
            raise DeliveryError(CHANGES.name, 1, type(error).__name__) from error
    return True


def change_of(settings: Settings, detectors: Sequence[Detector], *, now: int) -> Change:
    """Say what decides alerts: settings, detectors, release. ``now`` is epoch ms."""
    content: dict[str, Any] = {
        "config": settings.version,
        "settings": msgspec.to_builtins(settings.decisive),
        "detectors": {detector.name: detector.version for detector in detectors},
        "release": version("weir"),
    }
    name = hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()[:24]
    return Change(id=name, at=now, by=f"{socket.gethostname()}:{os.getpid()}", **content)
