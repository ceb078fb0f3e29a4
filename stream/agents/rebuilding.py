"""A stage whose state is lost begins again at the first record: its changelog is emptied, its offsets are forgotten.

The next worker then makes the same state of the same records, and tells again only what does not stand on the output
topics. That needs all the records: a source whose beginning is gone would make another state.
"""

import time
from collections.abc import Sequence
from contextlib import suppress

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import GroupIdNotFoundError, KafkaError, UnknownTopicOrPartitionError

from stream.agents.spec import StageSpec, changelog_topic
from stream.agents.topics import admin_of, create_topics
from stream.connection import connect
from stream.errors import MachineError, StateError
from stream.settings import Kafka, Settings

_GONE_SECONDS = 30.0  # for Kafka to remove a topic
_LOOK_SECONDS = 0.1
_AT_REST = ("Empty", "Dead")


def rebuild(spec: StageSpec, settings: Settings, stages: Sequence[str]) -> int:
    """Have the state of a stage made again from the stream; returns how many records that takes.

    settings  ``kafka.bootstrap`` is set
    stages    names of all stages
    Raises StateError where workers of the group still run or a source does not begin at offset 0, MachineError where
    Kafka refuses. May be called again after a failure.
    """
    kafka = settings.kafka
    sources = [TopicPartition(kafka.named(topic), p) for topic in spec.topics for p in range(kafka.partitions)]
    admin = admin_of(kafka)
    try:
        require_no_worker(admin, kafka.group)
        records = _count(kafka, sources)
        _remove(admin, changelog_topic(settings, spec.name))
        _forget(admin, kafka.group, sources)
    except KafkaError as error:
        raise MachineError(
            f"Kafka did not let the state of {spec.name} begin anew: {type(error).__name__}", "Try again"
        ) from error
    finally:
        admin.close()
    create_topics(kafka.bootstrap, settings, stages)
    return records


def require_no_worker(admin: KafkaAdminClient, group: str) -> None:
    """Return unless workers of the group run: then raise StateError."""
    try:
        found = admin.describe_groups([group])[group]
    except GroupIdNotFoundError:
        return
    if found["group_state"] not in _AT_REST:
        raise StateError(
            f"group {group}", "no worker", f"{len(found['members'])} workers", "End them first: they hold the old state"
        )


def _count(kafka: Kafka, sources: Sequence[TopicPartition]) -> int:
    """Count the records there are; refuse where the first of them are gone."""
    consumer = connect(KafkaConsumer, kafka)
    try:
        beginnings = consumer.beginning_offsets(sources)
        ends = consumer.end_offsets(sources)
    finally:
        consumer.close()
    for source, beginning in beginnings.items():
        if beginning:
            raise StateError(
                f"{source.topic}-{source.partition}",
                "all records since offset 0",
                f"offset {beginning}, the others are past its retention",
                "The state can't be made again from what is left: bring the changelog back, or start a new prefix "
                "(kafka.prefix) and publish again what the windows need",
            )
    return int(sum(ends.values()))


def _remove(admin: KafkaAdminClient, topic: str) -> None:
    """Delete a topic, if it is there, and wait until it is gone."""
    try:
        admin.delete_topics([topic])
    except UnknownTopicOrPartitionError:
        return
    until = time.monotonic() + _GONE_SECONDS
    while topic in admin.list_topics():
        if time.monotonic() > until:
            raise MachineError(f"{topic} is still there after {_GONE_SECONDS:.0f} s", "Look at the broker's log")
        time.sleep(_LOOK_SECONDS)


def _forget(admin: KafkaAdminClient, group: str, sources: Sequence[TopicPartition]) -> None:
    with suppress(GroupIdNotFoundError):  # nothing was ever committed
        admin.delete_group_offsets(group, sources)
