"""What stands on the topics of a row when all is quiet, read from outside."""

import asyncio
from dataclasses import dataclass

import numpy as np
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.structs import TopicPartition as AsyncPlace
from kafka import KafkaConsumer, TopicPartition

from stream.agents.spec import changelog_topic
from stream.agents.tables import CHECKPOINT
from stream.faults.watch import INPUTS
from stream.settings import Settings
from stream.walk import STAGES
from stream.wire.records import Slice
from stream.wire.topics import ALERTS, DEAD_LETTERS, RISK, SCORES

_FETCH_BYTES = 8 << 20
_POLL_MS = 500

Rows = dict[tuple[int, bytes], bytes]  # (partition, key) → row


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything a verdict rests on.

    inputs   one slice per topic and partition, as the log stands
    alerts, risk, dead_letters  values in the order of each partition, read as any consumer would
    scores   values of ``scores``
    rows     stage → the last row of each key on its changelog
    checkpoints  stage → partition → the last checkpoint there
    """

    inputs: list[Slice]
    alerts: list[bytes]
    risk: list[bytes]
    dead_letters: list[bytes]
    scores: list[bytes]
    rows: dict[str, Rows]
    checkpoints: dict[str, dict[int, bytes]]


def gather(settings: Settings) -> Evidence:
    """Read it all."""
    told = {topic.name: read_plainly(settings, topic.name) for topic in (ALERTS, RISK, DEAD_LETTERS)}
    return asyncio.run(_gather(settings, told))


def read_plainly(settings: Settings, topic: str) -> list[bytes]:
    """All values of a topic, by a kafka-python consumer with its default settings, without a group."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka.bootstrap.split(","), auto_offset_reset="earliest")
    try:
        name = settings.kafka.prefix + topic
        places = [TopicPartition(name, p) for p in range(settings.kafka.partitions)]
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        values: list[bytes] = []
        while any(consumer.position(place) < end for place, end in ends.items()):
            for records in consumer.poll(timeout_ms=_POLL_MS).values():
                values += [record.value for record in records]
        return values
    finally:
        consumer.close()


async def _gather(settings: Settings, told: dict[str, list[bytes]]) -> Evidence:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        check_crcs=False,
    )
    await consumer.start()
    try:
        inputs = [
            _slice(topic, partition, records)
            for topic in INPUTS
            for partition, records in (await _read(consumer, settings, settings.kafka.prefix + topic)).items()
        ]
        scores = await _read(consumer, settings, settings.kafka.prefix + SCORES.name)
        logs = {stage: _parted(await _read(consumer, settings, changelog_topic(settings, stage))) for stage in STAGES}
    finally:
        await consumer.stop()
    return Evidence(
        inputs=inputs,
        alerts=told[ALERTS.name],
        risk=told[RISK.name],
        dead_letters=told[DEAD_LETTERS.name],
        scores=[record.value for records in scores.values() for record in records],
        rows={stage: rows for stage, (rows, _) in logs.items()},
        checkpoints={stage: checkpoints for stage, (_, checkpoints) in logs.items()},
    )


async def _read(consumer: AIOKafkaConsumer, settings: Settings, topic: str) -> dict[int, list[ConsumerRecord]]:
    """All records of a topic, partition by partition."""
    places = [AsyncPlace(topic, partition) for partition in range(settings.kafka.partitions)]
    found: dict[int, list[ConsumerRecord]] = {place.partition: [] for place in places}
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    ends = await consumer.end_offsets(places)
    unread = {place for place, end in ends.items() if end > await consumer.position(place)}
    while unread:
        for place, records in (await consumer.getmany(*unread, timeout_ms=_POLL_MS)).items():
            found[place.partition] += records
        unread = {place for place in unread if await consumer.position(place) < ends[place]}
    return found


def _slice(topic: str, partition: int, records: list[ConsumerRecord]) -> Slice:
    return Slice(
        topic=topic,
        partition=partition,
        offset=np.array([record.offset for record in records], np.int64),
        produced=np.array([record.timestamp for record in records], np.int64),
        values=[record.value for record in records],
        next_offset=records[-1].offset + 1 if records else 0,
    )


def _parted(found: dict[int, list[ConsumerRecord]]) -> tuple[Rows, dict[int, bytes]]:
    """The last row of each key, and the last checkpoint of each partition."""
    rows = {(partition, record.key): record.value for partition, records in found.items() for record in records}
    checkpoints = {partition: value for (partition, key), value in rows.items() if key == CHECKPOINT and value}
    return {at: value for at, value in rows.items() if at[1] != CHECKPOINT and value is not None}, checkpoints
