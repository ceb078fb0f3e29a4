"""The recorder: reads ``alerts`` and ``changes`` as any consumer does, and writes a link for each record.

It remembers nothing: where a chain stands is its last link. One that begins again, or a second one beside it, writes
the same bytes (``stream.core.chain``), so neither a crash nor a rival can harm a chain.
"""

import logging
from types import TracebackType
from typing import Self

from kafka import KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from stream.audit.reading import CHAINS, last_value
from stream.connection import connect
from stream.consume import consumer_of
from stream.core.chain import Head, head_of, link
from stream.errors import DeliveryError, StreamError
from stream.settings import Settings
from stream.wire.events import SourceRef

_LOG = logging.getLogger("weir.audit")
_SECONDS = 30.0


class Recorder:
    """A context manager that holds one consumer and one producer.

    Raises MachineError where there is no Kafka or a topic is missing, StreamError where a chain's last link is damaged.
    """

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.kafka.prefix
        self._heads = _heads(settings)
        self._consumer = consumer_of(settings, list(CHAINS), from_beginning=True, with_erased=True)
        for place in self._consumer.assignment():
            self._seek(place)
        self._producer = connect(
            KafkaProducer,
            settings.kafka,
            client_id="weir-audit",
            enable_idempotence=True,
            acks="all",
            delivery_timeout_ms=int(_SECONDS * 1000),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()
        self._producer.close(timeout=1.0)

    def record(self, *, timeout_ms: int = 500) -> int:
        """Write links for what has come; returns how many. Waits so long if nothing has.

        Raises DeliveryError where Kafka did not take them: begin again, nothing is lost.
        """
        waiting = []
        for place, records in self._consumer.poll(timeout_ms=timeout_ms).items():
            topic = place.topic.removeprefix(self._prefix)
            for record in records:
                source = SourceRef(topic=topic, partition=place.partition, offset=record.offset)
                value, self._heads[place] = link(self._heads[place], source, record.value or b"")
                chain = self._prefix + CHAINS[topic]
                waiting.append(self._producer.send(chain, value=value, partition=place.partition))
        try:
            for future in waiting:
                future.get(timeout=_SECONDS)
        except KafkaError as error:
            raise DeliveryError("audit", len(waiting), type(error).__name__) from error
        return len(waiting)

    def record_to_end(self) -> int:
        """Write links for all that stands on the topics now; returns how many."""
        ends = self._consumer.end_offsets(self._consumer.assignment())
        count = 0
        while any(self._consumer.position(place) < end for place, end in ends.items()):
            count += self.record(timeout_ms=200)
        return count

    def _seek(self, place: TopicPartition) -> None:
        """Go on behind the last record that has a link; tell where retention may have taken some that had none."""
        after = self._heads[place].offset + 1
        first = self._consumer.beginning_offsets([place])[place]
        if after < first:
            _LOG.warning("event=records_gone topic=%s partition=%d from=%d to=%d", *place, after, first)
        self._consumer.seek(place, max(after, first))


def _heads(settings: Settings) -> dict[TopicPartition, Head]:
    """Where each chain stands, by the partition that it vouches for."""
    heads = {}
    consumer = consumer_of(settings, list(CHAINS.values()), from_beginning=False)
    sources = {settings.kafka.prefix + chain: settings.kafka.prefix + source for source, chain in CHAINS.items()}
    for place in sorted(consumer.assignment()):
        last = last_value(consumer, place)
        try:
            heads[TopicPartition(sources[place.topic], place.partition)] = Head() if last is None else head_of(last)
        except ValueError as error:
            raise StreamError(
                f"{place.topic}/{place.partition}: its last link: {error}; see `weir audit verify`"
            ) from None
    consumer.close()
    return heads
