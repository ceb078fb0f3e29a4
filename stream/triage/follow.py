"""Follows the topic ``triage``: every process that does knows the same snoozes, acknowledgements and verdicts."""

import logging
import threading
from types import TracebackType
from typing import Self

import msgspec
from kafka.errors import KafkaError

from stream.consume import consumer_of, read_to_end
from stream.core.triage import Triage
from stream.settings import Settings
from stream.wire.topics import TRIAGE
from stream.wire.triage import decode_triage

_LOG = logging.getLogger(__name__)
_POLL_MS = 500


def read_triage(settings: Settings) -> Triage:
    """Read the topic to its end as it is now; raises MachineError where there is no Kafka or no such topic."""
    triage = Triage()
    consumer = consumer_of(settings, [TRIAGE.name], from_beginning=True)
    try:
        for _, value in read_to_end(consumer):
            _take(triage, value)
    finally:
        consumer.close()
    return triage


class Follower:
    """Keeps ``triage`` up to date from a thread, once it has read what stands there; a context manager.

    Raises MachineError where there is no Kafka or no such topic.
    """

    def __init__(self, settings: Settings) -> None:
        self.triage = Triage()
        self._consumer = consumer_of(settings, [TRIAGE.name], from_beginning=True)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="triage", daemon=True)

    def __enter__(self) -> Self:
        for _, value in read_to_end(self._consumer):
            _take(self.triage, value)
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
        """Whether it still reads; where not, what people say is no longer heard."""
        return self._thread.is_alive()

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                found = self._consumer.poll(timeout_ms=_POLL_MS)
            except KafkaError as error:  # it comes back, and so do we
                _LOG.warning("event=triage_unread error=%s", type(error).__name__)
                self._stop.wait(_POLL_MS / 1000)
                continue
            for records in found.values():
                for record in records:
                    if record.value is not None:
                        _take(self.triage, record.value)


def _take(triage: Triage, value: bytes) -> None:
    """Take a record; one that we do not know, of a newer writer, is passed over and told."""
    try:
        triage.take(decode_triage(value))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        _LOG.warning("event=triage_unknown error=%s", type(error).__name__)
