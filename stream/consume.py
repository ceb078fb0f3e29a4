"""Reading topics from outside, as any consumer would: kafka-python, no group, from the beginning or the end."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from kafka import KafkaConsumer, TopicPartition

from stream.connection import connect
from stream.erasures import Forgetful
from stream.errors import MachineError
from stream.permission import require_rights
from stream.settings import Settings
from stream.wire.topics import ERASURES

Ends: TypeAlias = dict[TopicPartition, int]
ANSWER_SECONDS = 5.0


def consumer_of(
    settings: Settings, topics: Sequence[str], *, from_beginning: bool, with_erased: bool = False, wait_ms: int = 20
) -> KafkaConsumer:
    """Open a consumer on all partitions of ``topics`` (names without prefix), placed at one end of each.

    with_erased  also what names customers who were erased before: for proofs, not for people
    wait_ms      how long Kafka keeps an answer back while there is nothing new; it is asked again as often
    Raises MachineError where no broker answers or a topic is missing, AccessError where we may not read one.
    """
    names = [*topics, *([] if with_erased else [ERASURES.name])]
    require_rights(settings.kafka, reads=[settings.kafka.prefix + name for name in names])
    consumer = connect(
        Forgetful,
        settings.kafka,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=2000,
        fetch_max_wait_ms=wait_ms,
        bootstrap_timeout_ms=int(ANSWER_SECONDS * 1000),
    )
    if not with_erased:
        consumer.learn(settings.kafka.prefix)
    places = []
    for topic in topics:
        partitions = consumer.partitions_for_topic(settings.kafka.prefix + topic)
        if not partitions:
            consumer.close()
            raise MachineError(
                f"topic {settings.kafka.prefix + topic} does not exist at {settings.kafka.bootstrap}",
                "Create it with `weir topics`",
            )
        places += [TopicPartition(settings.kafka.prefix + topic, p) for p in sorted(partitions)]
    consumer.assign(places)
    if from_beginning:
        consumer.seek_to_beginning(*places)
    else:
        consumer.seek_to_end(*places)
        for place in places:
            consumer.position(place)  # fixes "the end" now, not at the first poll
    return consumer


def read_to_end(consumer: KafkaConsumer) -> Iterator[tuple[TopicPartition, bytes]]:
    """Yield what stands from the present position to the end as it is now."""
    for place, _, value in read_places_to_end(consumer):
        yield place, value


def read_places_to_end(consumer: KafkaConsumer) -> Iterator[tuple[TopicPartition, int, bytes]]:
    """Yield the same with the offset of each."""
    ends: Ends = consumer.end_offsets(consumer.assignment())
    while any(consumer.position(place) < end for place, end in ends.items()):
        for place, records in consumer.poll(timeout_ms=200).items():
            for record in records:
                if record.value is not None:
                    yield place, record.offset, record.value


def read_for_ever(consumer: KafkaConsumer) -> Iterator[tuple[TopicPartition, bytes]]:
    """Yield what comes, without end."""
    while True:
        for place, records in consumer.poll(timeout_ms=500).items():
            for record in records:
                if record.value is not None:
                    yield place, record.value


def seek_to_time(consumer: KafkaConsumer, since: int, *places: TopicPartition) -> None:
    """Place a consumer at the first records written since then, epoch ms; at the end where there are none.

    places  of its partitions; none: all
    """
    for place, found in consumer.offsets_for_times(dict.fromkeys(places or consumer.assignment(), since)).items():
        if found is None or found.offset < 0:
            consumer.seek_to_end(place)
            consumer.position(place)
        else:
            consumer.seek(place, found.offset)


def holds_records(settings: Settings, topics: Sequence[str]) -> bool:
    """Tell whether anything was ever written to one of ``topics`` (names without prefix)."""
    consumer = consumer_of(settings, topics, from_beginning=True)
    ends: Ends = consumer.end_offsets(consumer.assignment())
    consumer.close()
    return any(ends.values())
