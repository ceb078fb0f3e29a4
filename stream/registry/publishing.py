"""Making a model the one that scores: its files to every worker, then the order to change, on every partition."""

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError

from models.artifact import MANIFEST, Manifest
from stream.agents.topics import MAX_MESSAGE_BYTES
from stream.connection import connect
from stream.core.swap import OWN, pack_swap
from stream.errors import DeliveryError, ModelError
from stream.permission import require_rights
from stream.settings import Settings
from stream.wire.topics import BY_TERMINAL, MODELS

CHAMPION = b"champion"  # key of the record that names it
_SECONDS = 30.0
_LEAD_SECONDS = 1.5  # for workers to read and load a model before it is asked for; without it they would stop for that


class Champion(msgspec.Struct, frozen=True, kw_only=True):
    """Which model serves: what a worker without any state begins with."""

    model: str  # identity; empty: that of the settings
    at: int  # epoch ms
    by: str


def publish_model(settings: Settings, folder: Path, manifest: Manifest) -> int:
    """Put the files of an artefact on the topic of models, the manifest last; returns their bytes.

    Raises MachineError where there is no Kafka or we may not, DeliveryError where it takes no record.
    """
    names = [*sorted(manifest.files), MANIFEST]
    files = [(f"{manifest.identity}/{name}".encode(), (folder / name).read_bytes()) for name in names]
    too_large = [key.decode() for key, value in files if len(value) >= MAX_MESSAGE_BYTES]
    if too_large:
        raise ModelError(f"{too_large[0]}: expected less than {MAX_MESSAGE_BYTES:,} bytes, which is what Kafka takes")
    send(settings, MODELS.name, [(key, value, 0) for key, value in files])
    return sum(len(value) for _, value in files)


def order_swap(settings: Settings, model: str, *, by: str) -> None:
    """Have every worker score by ``model`` (published; ``OWN``: that of its settings) from here on.

    Raises as ``publish_model`` does. May be repeated: to change to what scores already changes nothing.
    """
    champion = Champion(model=model, at=time.time_ns() // 1_000_000, by=by)
    send(settings, MODELS.name, [(CHAMPION, msgspec.json.encode(champion), 0)])
    if model != OWN:
        time.sleep(_LEAD_SECONDS)
    order = pack_swap(model)
    send(settings, BY_TERMINAL.name, [(None, order, partition) for partition in range(settings.kafka.partitions)])


def send(settings: Settings, topic: str, records: Sequence[tuple[bytes | None, bytes, int]]) -> None:
    """Publish key, value and partition of each, in order, and wait until Kafka holds all of them.

    Raises MachineError where there is no Kafka, DeliveryError where it takes no record for half a minute.
    """
    require_rights(settings.kafka, writes=[settings.kafka.prefix + topic])
    producer = connect(
        KafkaProducer,
        settings.kafka,
        acks="all",
        enable_idempotence=True,
        delivery_timeout_ms=int(_SECONDS * 1000),
        max_request_size=MAX_MESSAGE_BYTES,
    )
    with closing(producer):
        try:
            sent = [
                producer.send(settings.kafka.prefix + topic, key=key, value=value, partition=partition)
                for key, value, partition in records
            ]
            for one in sent:
                one.get(timeout=_SECONDS)
        except KafkaError as error:
            raise DeliveryError(topic, len(records), type(error).__name__) from error
