"""What the workers have committed of customers and terminals: the last value of every row, as bytes, in this process.

A row is read only when a payment asks for it, so following costs little and a start takes no longer than reading.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from stream.agents.spec import changelog_topic
from stream.agents.tables import CHECKPOINT
from stream.connection import client_options
from stream.core import customer_stage
from stream.settings import Settings
from stream.walk import STAGES
from stream.wire.topics import TRANSACTIONS

_AT_ONCE = 64  # records between two looks at who waits for an answer
_AT_START = 5_000
_POLL_MS = 50
_GATHER_MS = 100  # that a broker gathers what is new: a fetch of each record would take more time than the answers
_GATHER_BYTES = 1 << 20
_PATIENCE_SECONDS = 10.0
_RESERVED = b"\0"  # begins the keys of what is no row


class Replica:
    """Follows both changelogs, and topics of others beside them, in one event loop.

    also  topic with prefix → what takes its values, and how many of each partition to begin with
    """

    def __init__(self, settings: Settings, also: Mapping[str, tuple[Callable[[bytes], None], int]]) -> None:
        self._settings, self._also = settings, also
        self._rows: dict[str, dict[bytes, bytes]] = {changelog_topic(settings, stage): {} for stage in STAGES[:2]}
        self.customers, self.terminals = self._rows.values()
        self._newest: dict[int, int] = {}
        self._whole_at = 0.0  # when the ends of all changelogs were last reached, epoch seconds
        self.committed_at = 0.0  # when a worker last wrote a checkpoint, epoch seconds
        self._consumer: AIOKafkaConsumer | None = None

    async def start(self) -> None:
        """Read all that stands there; raises what aiokafka does."""
        self._consumer = consumer = AIOKafkaConsumer(
            **client_options(self._settings.kafka),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=_GATHER_MS,
            fetch_min_bytes=_GATHER_BYTES,
        )
        await consumer.start()
        partitions = range(self._settings.kafka.partitions)
        places = [TopicPartition(topic, p) for topic in (*self._rows, *self._also) for p in partitions]
        consumer.assign(places)
        first, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        for place in places:
            last = self._also[place.topic][1] if place.topic in self._also else ends[place]
            consumer.seek(place, max(first[place], ends[place] - last))
        while [place for place in places if await consumer.position(place) < ends[place]]:
            self._take(await consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_START))
        self._whole_at = time.time()

    async def follow(self) -> None:
        """Keep up, until cancelled."""
        consumer = self._consumer
        assert consumer is not None
        places = [place for place in consumer.assignment() if place.topic in self._rows]
        while True:
            self._take(await consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE))
            if all([await consumer.position(place) >= (consumer.highwater(place) or 0) for place in places]):
                self._whole_at = time.time()
            await asyncio.sleep(0)

    async def stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()

    def age_ms(self) -> int:
        """How old what is known may be: a commit, and how long ago the changelogs were read to their ends."""
        return round(1000 * (time.time() - self._whole_at + self._settings.kafka.commit_seconds))

    @property
    def is_followed(self) -> bool:
        """Whether the changelogs were read to their ends a moment ago."""
        return time.time() - self._whole_at < _PATIENCE_SECONDS

    def newest(self, partition: int) -> int:
        """Event time of the newest payment committed of a partition of ``transactions``, epoch ms; 0 for none."""
        return self._newest.get(partition, 0)

    def _take(self, found: Mapping[TopicPartition, list[object]]) -> None:
        for place, records in found.items():
            if place.topic in self._also:
                take = self._also[place.topic][0]
                for record in records:
                    take(record.value)  # type: ignore[attr-defined]  # aiokafka's own
                continue
            rows = self._rows[place.topic]
            for record in records:
                key, value = record.key, record.value  # type: ignore[attr-defined]  # likewise
                if key == CHECKPOINT:
                    self._checkpoint(place, value, record.timestamp)  # type: ignore[attr-defined]  # likewise
                elif value is None:
                    rows.pop(key, None)
                elif not key.startswith(_RESERVED):
                    rows[key] = value

    def _checkpoint(self, place: TopicPartition, value: bytes | None, timestamp: int) -> None:
        self.committed_at = max(self.committed_at, timestamp / 1000)
        if value and self._rows[place.topic] is self.customers:
            at = customer_stage.CHECKPOINT.unpack(value)
            self._newest[place.partition] = at.newest.get(TRANSACTIONS.name, 0)
