"""The file that names private attributes of faust and aiokafka (``fence``: of its producer), and why each is needed.

Everything here was read in faust-streaming 0.15.3 and aiokafka 0.14.0, which ``pyproject.toml`` pins.
``tests/stream/agents/test_private.py`` fails loudly when an upgrade moves a name or changes a method that is
overridden: then read the new source, mend this file and the overriding method, and renew the fingerprint.
"""
# ruff: noqa: SLF001  what this file is for

import asyncio
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult
from aiokafka.errors import ConsumerStoppedError, CorruptRecordException
from aiokafka.structs import TopicPartition

from stream.agents.silence import Answer
from stream.wire.columns import Ints

_TICK_SECONDS = 0.01  # how often to look again at fetched records that back-pressure held back


@dataclass(frozen=True, slots=True)
class Drained:
    """All records of one fetched partition, as columns.

    first, next_offset  what the fetch covers, gaps and control records included
    """

    first: int
    next_offset: int
    offset: Ints
    produced: Ints
    keys: list[bytes | None]
    values: list[bytes | None]


def set_fetching(consumer: AIOKafkaConsumer, *, wait_ms: int, min_bytes: int, max_bytes: int) -> None:
    """Set how a consumer that has not started will fetch: Faust hard-codes 1,500 ms and offers no setting.

    Aborted transactions of foreign producers are left out, which Faust offers only together with exactly-once.
    """
    consumer._fetch_max_wait_ms = wait_ms
    consumer._fetch_min_bytes = min_bytes
    consumer._fetch_max_bytes = max_bytes
    consumer._isolation_level = "read_committed"


def is_stopped(consumer: AIOKafkaConsumer) -> bool:
    """Say whether a consumer was closed."""
    return bool(consumer._closed or consumer._fetcher._closed)


async def is_member(consumer: AIOKafkaConsumer) -> bool:
    """Send a heartbeat; False where it was refused or the coordinator is away."""
    coordinator = consumer._coordinator
    return coordinator.generation > 0 and bool(await coordinator._do_heartbeat())


def answer_of(consumer: AIOKafkaConsumer, partition: TopicPartition) -> Answer | None:
    """What the broker said of a partition at its latest answer; None before the first, and where it is not ours.

    Called from another thread, whose assignment may go meanwhile: aiokafka's own calls assert that it is there. Faust's
    list it anew each time, a tenth of a core at hundreds of looks a second.
    """
    assigned = consumer._subscription.subscription
    if assigned is None or assigned.assignment is None or partition not in assigned.assignment.tps:
        return None
    state = assigned.assignment.state_value(partition)
    at = state.timestamp  # set after the end is: so read first
    return None if at is None or state.lso is None else Answer(at, state.lso)


def seek(consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int) -> None:
    """Move to an offset at once and drop what was fetched; does nothing where it is not assigned any more."""
    if consumer._subscription.is_assigned(partition):
        consumer._fetcher.seek_to(partition, offset)


def hold(consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition], *, is_held: bool) -> None:
    """Stop or go on fetching partitions, those that are still assigned.

    Faust pauses partitions by not asking for them, while aiokafka goes on fetching them, keeps what came, and then
    fetches nothing from that broker for 100 ms.
    """
    for partition in partitions:
        if consumer._subscription.is_assigned(partition):
            (consumer.pause if is_held else consumer.resume)(partition)


async def drained(
    consumer: AIOKafkaConsumer, wanted: Collection[TopicPartition], *, seconds: float
) -> dict[TopicPartition, Drained]:
    """Wait until some wanted partition has fetched records and take all there are; empty after ``seconds``.

    Empty too once partitions were assigned anew: what is wanted was said of the old ones, and who asked may drop what
    comes of it, which nobody would fetch again.
    Raises what the broker answered instead of records, and ConsumerStoppedError once the consumer is closed.
    """
    fetcher = consumer._fetcher
    until = time.monotonic() + seconds
    assignment = fetcher._subscriptions.subscription.assignment
    with fetcher._subscriptions.fetch_context():  # tells the group coordinator that we poll
        while True:
            if fetcher._subscriptions.reassignment_in_progress:
                await fetcher._subscriptions.wait_for_assignment()
            if fetcher._subscriptions.subscription.assignment is not assignment:
                return {}
            taken, is_held_back = _take(fetcher, wanted)
            left = until - time.monotonic()
            if taken or left <= 0:
                return taken
            waiter = fetcher._create_fetch_waiter()
            await asyncio.wait([waiter], timeout=min(left, _TICK_SECONDS) if is_held_back else left)
            if is_stopped(consumer):
                raise ConsumerStoppedError
            if waiter.done():
                waiter.result()  # authorisation errors come this way
            else:
                waiter.cancel()


def _take(fetcher: Any, wanted: Collection[TopicPartition]) -> tuple[dict[TopicPartition, Drained], bool]:
    """Take the fetched records of the wanted partitions; also say whether others stay behind."""
    taken: dict[TopicPartition, Drained] = {}
    is_held_back = False
    for partition in list(fetcher._records):
        if partition not in wanted:
            if fetcher._subscriptions.is_assigned(partition):
                is_held_back = True
            else:
                del fetcher._records[partition]
            continue
        result = fetcher._records[partition]
        if type(result) is not FetchResult and taken:
            break  # an error: deliver what we have, raise it next time
        del fetcher._records[partition]
        fetcher._notify(fetcher._wait_consume_future)  # so that the next fetch starts now
        if type(result) is not FetchResult:
            result.check_raise()
        elif result.has_more() and result.check_assignment(partition):
            records = _columns(result._partition_records)
            # Its own iterator, not begun, refers back to it: the fetched bytes would stay until a rare collection.
            result._partition_records._records_iterator.close()
            result._update_position()
            taken[partition] = records
    return taken, is_held_back


def _columns(fetched: Any) -> Drained:
    """Turn a ``PartitionRecords`` into columns, without its one ``ConsumerRecord`` a record."""
    first = fetched.next_fetch_offset
    offsets: list[Ints] = []
    produced: list[Ints] = []
    keys: list[bytes | None] = []
    values: list[bytes | None] = []
    for batch in _batches(fetched):
        records = list(batch)
        if batch.base_offset < first:  # the fetch began in the middle of a batch
            records = [record for record in records if record.offset >= first]
        count = len(records)
        if count and records[-1].offset - records[0].offset == count - 1:
            offsets.append(np.arange(records[0].offset, records[0].offset + count, dtype=np.int64))
        else:  # compaction left gaps
            offsets.append(np.fromiter((record.offset for record in records), np.int64, count))
        produced.append(np.fromiter((record.timestamp for record in records), np.int64, count))
        keys += [record.key for record in records]
        values += [record.value for record in records]
        fetched.next_fetch_offset = batch.next_offset
    none = np.empty(0, np.int64)
    return Drained(
        first=first,
        next_offset=fetched.next_fetch_offset,
        offset=np.concatenate(offsets) if offsets else none,
        produced=np.concatenate(produced) if produced else none,
        keys=keys,
        values=values,
    )


def _batches(fetched: Any) -> Iterator[Any]:
    """Yield the record batches that hold records for us: no control batch, none of an aborted transaction."""
    while fetched._records.has_next():
        batch = fetched._records.next_batch()
        if fetched._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"wrong checksum in {fetched._tp}")
        is_ours = not batch.is_control_batch
        if fetched._isolation_level == READ_COMMITTED and batch.producer_id is not None:
            fetched._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and fetched._contains_abort_marker(batch):
                fetched._aborted_producers.discard(batch.producer_id)
            is_ours &= not (batch.is_transactional and batch.producer_id in fetched._aborted_producers)
        if is_ours:
            yield batch
        else:
            fetched.next_fetch_offset = batch.next_offset
