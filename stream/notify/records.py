"""What a teller writes down: deliveries, and a dead letter for each alert that a sink did not take."""

from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from stream.connection import connect
from stream.core.dispatch import Place
from stream.errors import DeliveryError
from stream.settings import Settings
from stream.wire.codec import encode
from stream.wire.events import Alert, DeadLetter, SourceRef
from stream.wire.topics import ALERTS, DEAD_LETTERS, DELIVERIES
from stream.wire.triage import Delivery

_PATIENCE_SECONDS = 30.0
_DETAIL = 200  # characters of what a sink said


class Records:
    """The producer of one teller.

    Raises MachineError where there is no Kafka.
    """

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.kafka.prefix
        self._sent: list[Any] = []
        self._producer = connect(
            KafkaProducer,
            settings.kafka,
            client_id="weir-notify",
            enable_idempotence=True,
            acks="all",
            linger_ms=5,
            delivery_timeout_ms=int(1000 * _PATIENCE_SECONDS),
            request_timeout_ms=10_000,
            max_block_ms=10_000,
            bootstrap_timeout_ms=5_000,
            allow_auto_create_topics=False,
        )

    def write(self, delivery: Delivery) -> None:
        """Hand over what became of alerts."""
        self._send(DELIVERIES.name, delivery.sink, encode(delivery))

    def dead_letter(self, alert: Alert, sink: str, delivery: Delivery, place: Place | None) -> None:
        """Hand over that a sink did not take an alert.

        place  of the alert on its topic
        """
        detail = f"sink {sink}, {delivery.tries} tries: {delivery.why}"
        self._letter(f"{alert.id}-{sink}", detail, place or (-1, -1), alert.emitted_at, len(encode(alert)))

    def not_an_alert(self, sink: str, place: Place, why: str, size: int, now: int) -> None:
        """Hand over that a record on ``alerts`` could not be read, and so was not told."""
        self._letter(f"{ALERTS.name}-{place[0]}-{place[1]}-{sink}", f"sink {sink}: {why}", place, now, size)

    def _letter(self, name: str, detail: str, place: Place, at: int, size: int) -> None:
        letter = DeadLetter(
            id=name[:64],
            reason="undelivered",
            detail=detail[:_DETAIL],
            source=SourceRef(topic=ALERTS.name, partition=place[0], offset=place[1]),
            produced_at=at,
            size=size,
        )
        self._send(DEAD_LETTERS.name, ALERTS.name, encode(letter))

    def flush(self) -> None:
        """Return when all that was handed over is acknowledged; raise DeliveryError where it is not."""
        sent, self._sent = self._sent, []
        try:
            for future in sent:
                future.get(timeout=2 * _PATIENCE_SECONDS)
        except KafkaError as error:
            raise DeliveryError(DELIVERIES.name, len(sent), type(error).__name__) from error

    def close(self) -> None:
        """Disconnect; what was not flushed may be lost, and its alerts are told again."""
        self._producer.close(timeout=5.0)

    def _send(self, topic: str, key: str, value: bytes) -> None:
        try:
            future = self._producer.send(self._prefix + topic, key=key.encode(), value=value)
        except KafkaError as error:
            raise DeliveryError(topic, 1, type(error).__name__) from error
        self._sent.append(future)
