"""The way of records into Kafka: idempotent, keyed, batched, compressed; none is lost without being named."""

import logging
import socket
from collections import Counter, deque
from contextlib import suppress
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.partitioner.default import murmur2

from producers.source import Record
from stream.connection import connect
from stream.errors import DeliveryError, MachineError
from stream.permission import require_rights
from stream.settings import Kafka
from stream.wire.cards import records_with_cards
from stream.wire.codec import encode
from stream.wire.events import Quote, Trade

BOOTSTRAP_SECONDS = 5.0
DELIVERY_SECONDS = 30.0  # a record not acknowledged within is undelivered
MAX_UNACKNOWLEDGED = 20_000  # records; kafka-python itself sets no bound
ORIGIN = "weir-origin"  # header of a live source's records: whose they are, and where each came from

_log = logging.getLogger("weir.producer")
_hash = lru_cache(maxsize=1 << 18)(murmur2)  # in pure Python it costs more than all else of a send


class Publisher:
    """A connection that sends records; a context manager that flushes on leaving.

    kafka  where it is, who we are to it, and what stands before every topic name

    Raises MachineError where no broker answers, or one turns us away.
    """

    def __init__(self, kafka: Kafka) -> None:
        _require_listener(kafka.bootstrap)
        self._producer = connect(
            KafkaProducer,
            kafka,
            client_id="weir-producer",
            enable_idempotence=True,
            acks="all",
            linger_ms=3,
            batch_size=128 * 1024,
            compression_type="gzip",  # lz4 and zstd need a package more, here and in every consumer
            delivery_timeout_ms=int(DELIVERY_SECONDS * 1000),
            request_timeout_ms=10_000,
            max_block_ms=10_000,
            bootstrap_timeout_ms=int(BOOTSTRAP_SECONDS * 1000),
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        self._kafka = kafka
        self._prefix = kafka.prefix
        self._partitions: dict[str, int] = {}  # per topic without prefix
        self._waiting: deque[tuple[str, Any]] = deque()  # topic and future, in order of sending
        self._undelivered: Counter[str] = Counter()
        self._reason = ""
        self.sent: Counter[str] = Counter()  # acknowledged, per topic without prefix
        self.withheld: Counter[str] = Counter()  # for their card numbers, likewise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._producer.close(timeout=DELIVERY_SECONDS)

    def send(self, record: Record, *, due_ms: int, origin: str = "") -> None:
        """Hand a record over with ``due_ms``, epoch ms, as its timestamp; waits while too many are unacknowledged.

        One that holds a card number goes nowhere: it is counted in ``withheld``.

        origin  stands in the header ``weir-origin``; "": there is none
        Raises DeliveryError once an earlier record is known not to have been taken, AccessError where we may not write.
        """
        topic, key = record.topic, record.key.encode()
        value = encode(record.event)
        if holds_card(record, value):
            self.withheld[topic] += 1
            return
        try:
            partitions = self._partitions.get(topic) or self._count_partitions(topic)
            future = self._producer.send(
                self._prefix + topic,
                key=key,
                value=value,
                partition=(_hash(key) & 0x7FFFFFFF) % partitions,  # Kafka's own choice for a keyed record
                timestamp_ms=due_ms,
                headers=[(ORIGIN, origin.encode())] if origin else None,
            )
        except KafkaError as error:  # no such topic, record too large, broker gone
            self._fail(topic, error)
            self.close()
            return
        if _log.isEnabledFor(logging.DEBUG):
            future.add_callback(_tell, topic, getattr(record.event, "id", ""))
        waiting = self._waiting
        waiting.append((topic, future))
        while waiting[0][1].is_done or len(waiting) > MAX_UNACKNOWLEDGED:
            self._settle(*waiting.popleft())
            if not waiting:
                break
        if self._undelivered:
            self.close()

    def settle(self) -> None:
        """Return when all that was sent stands in Kafka. Raises DeliveryError where some does not."""
        with suppress(KafkaError):  # what is not taken in time is named below
            self._producer.flush(timeout=DELIVERY_SECONDS)
        while self._waiting:
            self._settle(*self._waiting.popleft())
        if self._undelivered:
            self.close()

    def close(self) -> None:
        """Flush and disconnect. Raises DeliveryError that names topic and count of what was not taken."""
        try:
            self._producer.flush(timeout=DELIVERY_SECONDS)
        except KafkaError as error:
            self._reason = self._reason or _name(error)
        self._producer.close(timeout=1.0)
        while self._waiting:
            self._settle(*self._waiting.popleft(), within_seconds=0.0)
        if self._undelivered:
            (topic, count), *others = self._undelivered.most_common()
            also = "".join(f", {n} to {name}" for name, n in others)
            raise DeliveryError(topic, count, self._reason + also)

    def _count_partitions(self, topic: str) -> int:
        require_rights(self._kafka, writes=[self._prefix + topic])
        self._partitions[topic] = len(self._producer.partitions_for(self._prefix + topic))
        return self._partitions[topic]

    def _settle(self, topic: str, future: Any, within_seconds: float = 2 * DELIVERY_SECONDS) -> None:
        try:
            if not future.is_done:
                future.get(timeout=within_seconds)
            if future.exception is not None:
                self._fail(topic, future.exception)
            else:
                self.sent[topic] += 1
        except KafkaError as error:
            self._fail(topic, error)

    def _fail(self, topic: str, error: BaseException) -> None:
        self._undelivered[topic] += 1
        self._reason = self._reason or _name(error)


def holds_card(record: Record, value: bytes) -> bool:
    """Tell whether a record holds a card number. Of ticks only the symbol is looked at: markets number their trades.

    value  the event, encoded
    """
    if isinstance(record.event, Trade | Quote):
        return len(record.event.symbol) > 12 and bool(records_with_cards([record.event.symbol.encode()]))
    return bool(records_with_cards([value])) or bool(records_with_cards([record.key.encode()]))


def _require_listener(bootstrap: str) -> None:
    """Return if anyone listens at one of the addresses, else raise MachineError: kafka-python leaves sockets open."""
    for host, _, port in (address.rpartition(":") for address in bootstrap.split(",")):
        with suppress(OSError, ValueError):
            socket.create_connection((host.strip("[]"), int(port)), timeout=BOOTSTRAP_SECONDS).close()
            return
    raise MachineError(
        f"no Kafka answers at {bootstrap}",
        "Start one (`weir run` brings its own), or name another by --bootstrap or WEIR_BOOTSTRAP",
    )


def _tell(topic: str, name: str, taken: Any) -> None:
    """Log where an event came to stand: the trace that leads to what it caused (``stream.logs``)."""
    _log.debug("event=published trace=%s-%d-%d id=%r", topic, taken.partition, taken.offset, name)


def _name(error: BaseException) -> str:
    return str(error) or type(error).__name__
