from collections.abc import Iterator

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.structs import OffsetAndMetadata

from stream.agents.rebuilding import rebuild
from stream.agents.spec import changelog_topic
from stream.agents.topics import create_topics
from stream.errors import StateError
from stream.settings import Settings
from tests.stream.agents.counting import SOURCE, SPECS, settings_for

pytestmark = pytest.mark.kafka

COUNT = SPECS[0]
STAGES = [spec.name for spec in SPECS]


@pytest.fixture
def settings(bootstrap: str, prefix: str) -> Settings:
    """Topics of one test, three records on partition 0 of the source."""
    settings = settings_for(bootstrap, prefix)
    create_topics(bootstrap, settings, STAGES)
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for topic in (settings.kafka.prefix + SOURCE, changelog_topic(settings, COUNT.name)):
        for value in (b"a", b"b", b"c"):
            producer.send(topic, key=value, value=value, partition=0)
    producer.close()
    return settings


@pytest.fixture
def member(settings: Settings) -> Iterator[KafkaConsumer]:
    """One who belongs to the group and has committed offset 2 of partition 0."""
    consumer = KafkaConsumer(
        settings.kafka.prefix + SOURCE,
        bootstrap_servers=settings.kafka.bootstrap,
        group_id=settings.kafka.group,
        enable_auto_commit=False,
    )
    while not consumer.assignment():
        consumer.poll(timeout_ms=100)
    consumer.commit({TopicPartition(settings.kafka.prefix + SOURCE, 0): OffsetAndMetadata(2, "", -1)})
    yield consumer
    consumer.close()


def test_a_rebuild_leaves_neither_rows_nor_offsets(settings: Settings, member: KafkaConsumer) -> None:
    """Three records are to be read again: the changelog is there and empty, nothing is committed, the source stands."""
    member.close()

    records = rebuild(COUNT, settings, STAGES)

    assert records == 3
    assert end_of(settings, changelog_topic(settings, COUNT.name)) == 0
    assert end_of(settings, settings.kafka.prefix + SOURCE) == 3
    assert committed(settings) == {}
    assert rebuild(COUNT, settings, STAGES) == 3  # may be done again


def test_a_rebuild_is_refused_while_a_worker_runs(settings: Settings, member: KafkaConsumer) -> None:
    """A worker would go on from what it holds in memory."""
    assert member.assignment()

    with pytest.raises(StateError, match="expected no worker, was 1 workers"):
        rebuild(COUNT, settings, STAGES)

    assert end_of(settings, changelog_topic(settings, COUNT.name)) == 3


def test_a_rebuild_is_refused_where_the_first_records_are_gone(settings: Settings) -> None:
    """Retention has taken one: what is left would make another state."""
    source = TopicPartition(settings.kafka.prefix + SOURCE, 0)
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap)
    admin.delete_records({source: 1})
    admin.close()

    with pytest.raises(StateError, match=f"{source.topic}-0: expected all records since offset 0, was offset 1"):
        rebuild(COUNT, settings, STAGES)

    assert end_of(settings, changelog_topic(settings, COUNT.name)) == 3


def end_of(settings: Settings, topic: str) -> int:
    """Offset after the last record of partition 0."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka.bootstrap)
    end: int = consumer.end_offsets([TopicPartition(topic, 0)])[TopicPartition(topic, 0)]
    consumer.close()
    return end


def committed(settings: Settings) -> dict[TopicPartition, int]:
    """What the group has committed."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap)
    found = admin.list_group_offsets(settings.kafka.group).get(settings.kafka.group, {})
    admin.close()
    return {place: at.offset for place, at in found.items() if at.offset >= 0}
