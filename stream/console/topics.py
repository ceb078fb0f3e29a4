"""Follows topics from a thread: first the last so many records of each partition, then what comes."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from stream.consume import consumer_of
from stream.settings import Settings

_LOG = logging.getLogger(__name__)
_POLL_MS = 200


@dataclass(frozen=True, slots=True)
class Followed:
    """What becomes of the records of one topic.

    take  told partition and value, in offset order per partition
    last  records of each partition to begin with; None: all that are kept
    """

    take: Callable[[int, bytes], None]
    last: int | None = None


class Following:
    """A context manager: what stands on the topics was taken once it is entered.

    followed  topic, without prefix → what becomes of its records
    heard     called after each round in which something was taken
    Raises MachineError where there is no Kafka or a topic is missing.
    """

    def __init__(self, settings: Settings, followed: Mapping[str, Followed], heard: Callable[[], None]) -> None:
        self._followed = {settings.kafka.prefix + topic: one for topic, one in followed.items()}
        self._heard = heard
        self._consumer = consumer_of(settings, list(followed), from_beginning=True)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="topics", daemon=True)
        self.error = ""  # what Kafka last refused; "" while it answers

    def __enter__(self) -> Self:
        ends = self._begin()
        while any(self._consumer.position(place) < end for place, end in ends.items()):
            self._round()
        self._heard()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    @property
    def is_following(self) -> bool:
        """Whether it still reads; where not, what is shown grows old."""
        return self._thread.is_alive() and not self.error

    def _begin(self) -> dict[TopicPartition, int]:
        consumer: KafkaConsumer = self._consumer
        places = consumer.assignment()
        first, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
        for place in places:
            last = self._followed[place.topic].last
            consumer.seek(place, first[place] if last is None else max(first[place], ends[place] - last))
        return dict(ends)

    def _round(self) -> bool:
        found = self._consumer.poll(timeout_ms=_POLL_MS)
        for place, records in found.items():
            take = self._followed[place.topic].take
            for record in records:
                if record.value is not None:
                    take(place.partition, record.value)
        return bool(found)

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                if self._round():
                    self._heard()
                self.error = ""
            except KafkaError as error:  # it comes back, and so do we
                if not self.error:
                    _LOG.warning("event=topics_unread error=%s", type(error).__name__)
                self.error = type(error).__name__
                self._stop.wait(_POLL_MS / 1000)
