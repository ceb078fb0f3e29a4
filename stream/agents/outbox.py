"""Publication: records are queued at once, without awaiting, and sent in order by a task per topic partition.

That queuing never awaits is what makes a commit's snapshot true: what a stage has made is either all queued or not
made yet. aiokafka's own ``send`` may await a full buffer between two records.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache, partial
from itertools import chain, count

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced
from aiokafka.partitioner import murmur2
from aiokafka.structs import RecordMetadata, TopicPartition

from stream.agents.fence import Owner, take_over
from stream.agents.gate import Gate
from stream.errors import DeliveryError, FencedError
from stream.wire.records import Outgoing

Queued = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]  # key, value, headers
ID_HEADER = "id"
BACKLOG = 20_000  # records queued above which whoever feeds must wait


class Outbox:
    """The records of one topic partition on their way, in order.

    owner        under whose name they are written; None: anybody's, for logs that many write to
    queued       records ever put
    acked        records of these that Kafka holds
    next_offset  after the last of them; None before the first
    """

    def __init__(
        self, route: "Route", topic: str, partition: int, owner: Owner | None = None, *, linger_seconds: float = 0.0
    ) -> None:
        self._route = route
        self.topic, self.partition = topic, partition
        self._owner = owner
        self._linger_seconds = linger_seconds
        self.queued = 0
        self.acked = 0
        self.next_offset: int | None = None
        self._waiting: deque[Queued] = deque()
        self._sender: asyncio.Task[None] | None = None
        self._error: BaseException | None = None
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []

    def put(self, records: Iterable[Queued]) -> None:
        """Queue records; never awaits."""
        before = len(self._waiting)
        self._waiting.extend(records)
        self.queued += len(self._waiting) - before
        self._want(self._linger_seconds)

    def send(self, gate: Gate) -> None:
        """Hand the next batch over, while none is being handed over already."""
        if self._sender is None and self._waiting and self._error is None:
            self._sender = asyncio.get_running_loop().create_task(self._send(gate))
        else:
            gate.answer()

    def _want(self, within_seconds: float) -> None:
        if self._sender is None and self._waiting and self._error is None:
            self._route.gate(self.topic, self.partition).want(self, within_seconds=within_seconds)

    async def settled(self, queued: int) -> None:
        """Wait until Kafka holds the first ``queued`` records ever put.

        Raises DeliveryError once any record of this outbox was refused, FencedError where its owner was replaced.
        """
        if self._error is None and self.acked < queued:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append((queued, waiter))
            self._want(0.0)
            await waiter
        if isinstance(self._error, ProducerFenced):
            raise FencedError(self.topic, self.partition) from self._error
        if self._error is not None:
            raise DeliveryError(self.topic, self.queued - self.acked, type(self._error).__name__) from self._error

    async def _send(self, gate: Gate) -> None:
        """Pack what waits, as much as a batch holds, and hand it over; the rest asks again."""
        try:
            producer = self._route.producer()
            batch, size = producer.create_batch(), 0
            while self._waiting:
                key, value, headers = self._waiting[0]
                if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                    break
                self._waiting.popleft()
                size += 1
            batch.close()
            if self._owner is not None:
                self._owner.sign(batch, TopicPartition(self.topic, self.partition))
            future = await producer.send_batch(batch, self.topic, partition=self.partition)
            future.add_done_callback(partial(self._on_ack, gate, size))
        except Exception as error:  # noqa: BLE001  told to whoever waits for the records
            gate.answer()
            self._fail(error)
        finally:
            self._sender = None
        self._want(0.0)

    def _on_ack(self, gate: Gate, size: int, future: "asyncio.Future[RecordMetadata]") -> None:
        gate.answer()
        if future.cancelled():
            self._fail(asyncio.CancelledError())
        elif (error := future.exception()) is not None:
            self._fail(error)
        else:
            self.acked += size
            self.next_offset = future.result().offset + size
            for queued, waiter in self._waiters:
                if queued <= self.acked and not waiter.done():
                    waiter.set_result(None)
            self._waiters = [(queued, waiter) for queued, waiter in self._waiters if not waiter.done()]

    def _fail(self, error: BaseException) -> None:
        self._error = self._error or error
        for _, waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)  # ``settled`` raises
        self._waiters = []


class Route:
    """A way to Kafka: a producer, and a gate for each of its brokers."""

    def __init__(self, producer: Callable[[], AIOKafkaProducer]) -> None:
        self.producer = producer
        self._gates: defaultdict[int | None, Gate] = defaultdict(Gate)

    def gate(self, topic: str, partition: int) -> Gate:
        """Find the gate of the broker that leads a partition, as far as is known."""
        return self._gates[self.producer().client.cluster.leader_for_partition(TopicPartition(topic, partition))]


class Publisher:
    """All outboxes of a worker.

    producer    returns the started producer
    prefix      of every topic
    partitions  of every topic
    owned       topics, named in full, whose every partition one worker alone writes to
    bulk        as ``producer``, with connections of its own: so that what is much keeps nothing prompt waiting
    by_bulk     topics, named in full, that go that way → seconds for which records may be gathered
    """

    def __init__(
        self,
        producer: Callable[[], AIOKafkaProducer],
        *,
        prefix: str,
        partitions: int,
        owned: Collection[str] = (),
        bulk: Callable[[], AIOKafkaProducer] | None = None,
        by_bulk: Mapping[str, float] | None = None,
    ) -> None:
        self._producer = producer
        self._prompt, self._bulk = Route(producer), Route(bulk or producer)
        self._by_bulk = by_bulk or {}
        self.prefix = prefix
        self._partitions = partitions
        self._owned = frozenset(owned)
        self._owners: dict[int, Owner] = {}
        self._outboxes: dict[TopicPartition, Outbox] = {}
        self._spread = count()

    async def take_over(self, partitions: Collection[int], group: str) -> None:
        """Become the owner of partitions: whoever wrote to their owned topics before is refused from here on."""
        logs = [[TopicPartition(topic, partition) for topic in sorted(self._owned)] for partition in partitions]
        names = [f"{self.prefix}{group}-{partition}" for partition in partitions]
        owners = await asyncio.gather(*(take_over(self._producer(), *pair) for pair in zip(names, logs, strict=True)))
        self._owners = dict(zip(partitions, owners, strict=True))
        for log in chain.from_iterable(logs):
            self._outboxes.pop(log, None)  # what it still holds would be refused

    async def renew(self) -> None:
        """Keep the fences of all partitions standing: once a day, or Kafka forgets whose they are."""
        await asyncio.gather(*(owner.renew() for owner in self._owners.values()))

    def outbox(self, topic: str, partition: int) -> Outbox:
        """Return the outbox of a topic, named in full, and a partition."""
        log = TopicPartition(topic, partition)
        if log not in self._outboxes:
            owner = self._owners[partition] if topic in self._owned else None
            route, linger = (self._bulk, self._by_bulk[topic]) if topic in self._by_bulk else (self._prompt, 0.0)
            self._outboxes[log] = Outbox(route, topic, partition, owner, linger_seconds=linger)
        return self._outboxes[log]

    def put(self, records: Iterable[Outgoing]) -> set[Outbox]:
        """Queue records, each at its partition, by its key's hash, or in turn; returns the outboxes they went to."""
        sorted_out: dict[Outbox, list[Queued]] = {}
        for record in records:
            if record.partition is not None:
                partition = record.partition
            elif record.key is not None:
                partition = partition_of(record.key, self._partitions)
            else:
                partition = next(self._spread) % self._partitions
            headers = [] if record.id is None else [(ID_HEADER, record.id.encode())]
            outbox = self.outbox(self.prefix + record.topic, partition)
            sorted_out.setdefault(outbox, []).append((record.key, record.value, headers))
        for outbox, queued in sorted_out.items():
            outbox.put(queued)
        return set(sorted_out)

    async def relieved(self) -> None:
        """Wait while an outbox holds more than ``BACKLOG`` records that Kafka has not taken."""
        for outbox in list(self._outboxes.values()):
            if outbox.queued - outbox.acked > BACKLOG:
                await outbox.settled(outbox.queued - BACKLOG // 2)


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """Choose the partition of a key as every Kafka client does: murmur2, made positive, modulo."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
