"""The fence on a real Kafka: who was replaced can't write any more, and no reader has to wait for who may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced
from aiokafka.structs import TopicPartition
from kafka import KafkaConsumer
from kafka import TopicPartition as Place
from kafka.admin import KafkaAdminClient, NewTopic

from stream.agents.fence import Owner, take_over

pytestmark = pytest.mark.kafka


@asynccontextmanager
async def a_worker(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """The producer of a worker."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def write(producer: AIOKafkaProducer, owner: Owner, log: TopicPartition, *values: bytes) -> None:
    """Write one batch under an owner's name and wait until Kafka holds it."""
    batch = producer.create_batch()
    for value in values:
        batch.append(timestamp=None, key=None, value=value)
    batch.close()
    owner.sign(batch, log)
    await (await producer.send_batch(batch, log.topic, partition=log.partition))


def read(bootstrap: str, topic: str, *, isolation: str) -> list[bytes]:
    """All values on partition 0, as a consumer of anybody's would read them."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, isolation_level=isolation)
    place = Place(topic, 0)
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    end = consumer.end_offsets([place])[place]
    values: list[bytes] = []
    while consumer.position(place) < end:
        values += [record.value for records in consumer.poll(timeout_ms=200).values() for record in records]
    consumer.close()
    return values


def topics(bootstrap: str, prefix: str) -> list[TopicPartition]:
    """Two logs of one partition each, made anew."""
    names = [f"{prefix}alerts", f"{prefix}changelog"]
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    new = [NewTopic(name=name, num_partitions=1, replication_factor=1) for name in names]
    admin.create_topics(new, wait_for_metadata=True)
    admin.close()
    return [TopicPartition(name, 0) for name in names]


def test_whoever_was_replaced_is_refused_by_every_log(bootstrap: str, prefix: str) -> None:
    """The first owner wrote to one of two logs; once there is a second owner, both refuse the first."""
    written, untouched = topics(bootstrap, prefix)

    async def scene() -> list[type[BaseException] | None]:
        async with a_worker(bootstrap) as first, a_worker(bootstrap) as second:
            old = await take_over(first, prefix, [written, untouched])
            await write(first, old, written, b"a", b"b")
            await old.renew()
            await write(first, old, written, b"c")
            new = await take_over(second, prefix, [written, untouched])
            outcomes = await asyncio.gather(
                write(first, old, written, b"late"), write(first, old, untouched, b"late"), return_exceptions=True
            )
            await write(second, new, written, b"d")
            await write(second, new, untouched, b"e")
            with pytest.raises(ProducerFenced):
                await old.renew()
            return [None if outcome is None else type(outcome) for outcome in outcomes]

    refused = asyncio.run(scene())

    assert refused == [ProducerFenced, ProducerFenced]
    for isolation in ("read_uncommitted", "read_committed"):
        assert read(bootstrap, written.topic, isolation=isolation) == [b"a", b"b", b"c", b"d"]
        assert read(bootstrap, untouched.topic, isolation=isolation) == [b"e"]


def test_a_reader_sees_a_record_as_soon_as_it_is_written(bootstrap: str, prefix: str) -> None:
    """Nothing is written in a transaction: a reader of committed records waits for no commit."""
    log, _ = topics(bootstrap, prefix)

    async def scene() -> list[bytes]:
        async with a_worker(bootstrap) as worker:
            owner = await take_over(worker, prefix, [log])
            await write(worker, owner, log, b"a")
            return await asyncio.to_thread(read, bootstrap, log.topic, isolation="read_committed")

    assert asyncio.run(scene()) == [b"a"]


def test_a_worker_that_takes_over_from_itself_goes_on(bootstrap: str, prefix: str) -> None:
    """After a rebalance that gave it the same partitions again, its old name is refused and its new one is not."""
    log, _ = topics(bootstrap, prefix)

    async def scene() -> None:
        async with a_worker(bootstrap) as worker:
            old = await take_over(worker, prefix, [log])
            await write(worker, old, log, b"a")
            new = await take_over(worker, prefix, [log])
            with pytest.raises(ProducerFenced):
                await write(worker, old, log, b"late")
            await write(worker, new, log, b"b")

    asyncio.run(scene())

    assert read(bootstrap, log.topic, isolation="read_uncommitted") == [b"a", b"b"]
