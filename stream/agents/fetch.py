"""The consumer thread: whole fetched partitions to Faust, as slices, and seeks that leave nothing stale behind."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import ConsumerStoppedError
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from stream.agents import private
from stream.agents.silence import Answer
from stream.wire.records import Slice

# A fetch returns after so many milliseconds, or with so many bytes. Two stages wait twice. A fetch per record (1 byte)
# makes rounds so small that their own cost fills the core; 5 ms left some 10 % more of it idle than 3 ms.
FETCH_WAIT_MS = 3
FETCH_MIN_BYTES = 64 << 10
FETCH_MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Fetched:
    """One slice on its way to an agent or a table.

    first  offset at which the fetch began
    epoch  of the seek it was fetched after: stale once its partition was sought again
    keys   record keys, in the order of ``records``
    """

    first: int
    epoch: int
    keys: list[bytes | None]
    records: Slice


Round = list[Fetched]  # at most one slice of each partition of a topic: an agent's message


def in_rounds(fetched: Mapping[TP, Sequence[Fetched]]) -> dict[TP, list[Round]]:
    """Make one message of a slice each of all partitions of a topic.

    A message costs Faust as much as a stage needs for a hundred payments. It goes by the name of the partition with
    most slices, whose own comes first: Faust drops a message whose offset is behind that partition's last.
    """
    topics: defaultdict[str, list[tuple[TP, Sequence[Fetched]]]] = defaultdict(list)
    for tp, slices in fetched.items():
        topics[tp.topic].append((tp, slices))
    rounds: dict[TP, list[Round]] = {}
    for parts in topics.values():
        parts.sort(key=lambda part: len(part[1]), reverse=True)
        turns = zip_longest(*(slices for _, slices in parts))
        rounds[parts[0][0]] = [[one for one in turn if one is not None] for turn in turns]
    return rounds


class FetchThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, fetching slices.

    epochs  how often each partition was sought
    """

    def __init__(self, consumer: Any, **options: Any) -> None:
        # a thread that makes its own loop makes asyncio's, whatever loop the worker runs
        super().__init__(consumer, thread_loop=uvloop.new_event_loop(), **options)
        self._slice_records: int = self.app.weir.kafka.slice_records
        self.epochs: Counter[tuple[str, int]] = Counter()

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        # Faust waits 1,500 ms for records. A partition that was held back or just consumed while a long poll for
        # others is under way joins only the next one, so the poll's length is what it may have to wait.
        consumer = super()._create_worker_consumer(transport)
        private.set_fetching(consumer, wait_ms=FETCH_WAIT_MS, min_bytes=FETCH_MIN_BYTES, max_bytes=FETCH_MAX_BYTES)
        return consumer

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109  Faust's signature
        max_records: int | None = None,  # noqa: ARG002  slices have their own bound
    ) -> dict[TP, list[Fetched]]:
        if not self.consumer.flow_active:
            return {}
        if private.is_stopped(consumer):
            raise ConsumerStoppedError
        taken = await private.drained(consumer, active_partitions, seconds=timeout or 0.0)
        # epochs of the moment they were taken: there is no await between that and here
        return {TP(*tp): list(self._slices(tp, records, self.epochs[tp])) for tp, records in taken.items()}

    def _slices(self, tp: TopicPartition, drained: private.Drained, epoch: int) -> Iterable[Fetched]:
        """Cut a fetched partition into slices of the asked size; one without records still moves the offset on."""
        first, size = drained.first, self._slice_records
        for start in range(0, max(len(drained.values), 1), size):
            end = start + size
            is_last = end >= len(drained.values)
            after = drained.next_offset if is_last else int(drained.offset[end])
            records = Slice(
                topic=self.app.weir.kafka.plain(tp.topic),
                partition=tp.partition,
                offset=drained.offset[start:end],
                produced=drained.produced[start:end],
                values=drained.values[start:end],
                next_offset=after,
            )
            yield Fetched(first, epoch, drained.keys[start:end], records)
            first = after

    async def seek_to_committed(self) -> Mapping[TP, int | None]:
        """Seek every assigned source to its committed offset, to its beginning where nothing is committed.

        Changelogs, of which nothing is ever committed, stay where recovery has sought them.
        """
        return await self.call_thread(self._seek_to_committed)

    async def _seek_to_committed(self) -> Mapping[TP, int | None]:
        # aiokafka's version awaits between partitions, so that records are fetched and delivered from some before
        # others were sought, and leaves a partition where it stands if nothing is committed: it looks up all, then
        # seeks all without an await in between.
        consumer = self._ensure_consumer()
        sources = [tp for tp in consumer.assignment() if tp.topic not in self.app.tables.changelog_topics]
        committed = {tp: await consumer.committed(tp) for tp in sources}
        new = [tp for tp, offset in committed.items() if offset is None]
        beginning = await consumer.beginning_offsets(new) if new else {}
        for tp, offset in committed.items():
            private.seek(consumer, tp, beginning[tp] if offset is None else offset)
        self.epochs.update(committed.keys())  # what was fetched before is fetched again: whoever holds it must drop it
        return {TP(*tp): offset for tp, offset in committed.items()}

    async def _seek_wait(self, consumer: AIOKafkaConsumer, partitions: Mapping[TP, int]) -> None:
        self.epochs.update(partitions.keys())  # Faust seeks them all before its first await
        await super()._seek_wait(consumer, partitions)

    def hold(self, partitions: Iterable[TP], *, is_held: bool) -> None:
        """Stop or go on fetching partitions; called from the worker's thread."""
        tps = [TopicPartition(*tp) for tp in partitions]
        hold = partial(private.hold, self._ensure_consumer(), tps, is_held=is_held)
        self.thread_loop.call_soon_threadsafe(hold)

    async def committed(self, partitions: Iterable[TP]) -> dict[TP, int | None]:
        """Look up the committed offsets of the group; None where there is none."""
        return await self.call_thread(self._committed, list(partitions))

    async def _committed(self, partitions: list[TP]) -> dict[TP, int | None]:
        consumer = self._ensure_consumer()
        return {tp: await consumer.committed(TopicPartition(*tp)) for tp in partitions}

    async def is_member(self) -> bool:
        """Say whether the group's coordinator takes a heartbeat of ours."""
        return await self.call_thread(private.is_member, self._ensure_consumer())

    def answer_of(self, tp: TP) -> Answer | None:
        """What the broker said at the latest fetch of the partition's last committed record; None before the first."""
        return private.answer_of(self._ensure_consumer(), TopicPartition(*tp))
