"""The tail of output topics: where they end, and which records stand there since the last checkpoint."""

import asyncio
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from faust.types import TP

from stream.agents.outbox import ID_HEADER
from stream.connection import client_options
from stream.settings import Kafka

_POLL_MS = 1_000


class Tail:
    """Reads output partitions apart from the group; an asynchronous context manager."""

    def __init__(self, kafka: Kafka) -> None:
        self._consumer = AIOKafkaConsumer(
            **client_options(kafka), group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )

    async def ends(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """Offset after the last record of each partition."""
        wanted = [TopicPartition(*tp) for tp in partitions]
        ends = await self._consumer.end_offsets(wanted) if wanted else {}
        return {TP(*tp): end for tp, end in ends.items()}

    async def beginnings(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """Offset of the first record of each partition that retention has left."""
        wanted = [TopicPartition(*tp) for tp in partitions]
        beginnings = await self._consumer.beginning_offsets(wanted) if wanted else {}
        return {TP(*tp): beginning for tp, beginning in beginnings.items()}

    async def ids_since(self, starts: Mapping[TP, int]) -> dict[TP, set[str]]:
        """Collect the ``id`` headers of each partition's records from its start to its present end."""
        ids: dict[TP, set[str]] = {tp: set() for tp in starts}
        ends = await self.ends(starts)
        unread = {TopicPartition(*tp): ends[tp] for tp, start in starts.items() if start < ends[tp]}
        self._consumer.assign(list(unread))
        for tp in unread:
            self._consumer.seek(tp, starts[TP(*tp)])
        while unread:
            for tp, records in (await self._consumer.getmany(timeout_ms=_POLL_MS)).items():
                for record in records:
                    ids[TP(*tp)].update(value.decode() for name, value in record.headers if name == ID_HEADER)
            for tp, end in list(unread.items()):
                if await self._consumer.position(tp) >= end:
                    del unread[tp]
                    self._consumer.pause(tp)
        return ids

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        await asyncio.sleep(0)  # stopped before its own task has begun, aiokafka raises CancelledError
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()
