"""Tells one sink: reads ``alerts`` in a group of its own, so that no sink waits for another.

What became of an alert is written to ``deliveries`` first, then the offset is committed. So whoever goes on after a
crash knows what was told, and what was told and not yet written down comes again.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import CommitFailedError, RebalanceInProgressError
from kafka.structs import OffsetAndMetadata

from stream.connection import connect
from stream.consume import seek_to_time
from stream.core.dispatch import Dispatch, Place
from stream.core.triage import Triage
from stream.errors import MachineError
from stream.logs import traces_of
from stream.notify.one_takes_all import OneTakesAll
from stream.notify.records import Records
from stream.notify.sink import NotTakenError, Sink
from stream.settings import Settings
from stream.triage.deliveries import deliveries_since
from stream.wire.events import Alert
from stream.wire.topics import ALERTS
from stream.wire.triage import Delivery, Notice

_LOG = logging.getLogger(__name__)
_POLL_MS = 250
_CLOSE_MS = 5_000
_TURN_SECONDS = 20.0  # then alerts are read again, whatever a slow sink still has to take
_MOST_WAITING = 20_000  # alerts in memory; then nothing more is read until some are settled
_decode = msgspec.json.Decoder(Alert).decode


class Observer(Protocol):
    """Who is told what a teller does; see ``monitoring.notify_metrics``."""

    def opened(self, sink: str, *, is_active: bool) -> None:
        """It has the partitions, or another process has."""

    def settled(self, delivery: Delivery, *, emitted_at: Sequence[int]) -> None:
        """Alerts were told, held or given up; ``emitted_at`` of each, epoch ms, where they were told."""

    def tried(self, sink: str, why: str) -> None:
        """The sink was tried; "" where it took the notice."""

    def waiting(self, sink: str, *, alerts: int, since: int) -> None:
        """It is alive, and so many alerts wait, the oldest since then, epoch ms."""


class _Assigned(ConsumerRebalanceListener):
    """Counts assignments, so that the reading loop sees a new one."""

    def __init__(self) -> None:
        self.count = 0

    def on_partitions_revoked(self, revoked: object) -> None:  # noqa: ARG002  # that it changed is all
        """Take note."""
        self.count += 1

    def on_partitions_assigned(self, assigned: object) -> None:  # noqa: ARG002  # likewise
        """Take note."""
        self.count += 1


@dataclass(slots=True)
class Teller:
    """One sink's reader and clock; ``run`` returns when it is stopped, and raises what it can't mend.

    triage   kept up to date by somebody else
    records  where deliveries and dead letters are written
    """

    name: str
    sink: Sink
    settings: Settings
    triage: Triage
    records: Records
    observer: Observer
    _dispatch: Dispatch = field(init=False)
    _committed: dict[TopicPartition, int] = field(default_factory=dict)
    _started: int = field(default_factory=lambda: _now())  # noqa: PLW0108  # defined below

    def run(self, stop: threading.Event) -> None:
        """Tell until ``stop`` is set."""
        assigned = _Assigned()
        consumer = self._consumer(assigned)
        seen = 0
        try:
            while not stop.is_set():
                found = consumer.poll(timeout_ms=self._patience())
                if assigned.count != seen:  # what was fetched belongs to a position we have not looked at yet
                    seen = assigned.count
                    self._open(consumer)
                    continue
                now = _now()
                for place, records in found.items():
                    for record in records:
                        self._take(record.value, (place.partition, record.offset), now)
                self._work(stop)
                self._commit(consumer)
                self._hold_back(consumer)
        finally:
            consumer.close(timeout_ms=_CLOSE_MS)

    def _consumer(self, assigned: _Assigned) -> KafkaConsumer:
        kafka = self.settings.kafka
        consumer = connect(
            KafkaConsumer,
            kafka,
            group_id=f"{kafka.group}-notify-{self.name}",
            partition_assignment_strategy=(OneTakesAll,),
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # where retention took what was to be read: the rest is still told
            session_timeout_ms=int(1000 * kafka.session_seconds),
            heartbeat_interval_ms=int(1000 * kafka.session_seconds / 4),
            fetch_max_wait_ms=100,
        )
        topic = kafka.prefix + ALERTS.name
        if not consumer.partitions_for_topic(topic):  # asked now, as the group is given what its leader knows of
            consumer.close()
            raise MachineError(f"topic {topic} does not exist at {kafka.bootstrap}", "Create it with `weir topics`")
        consumer.subscribe([topic], listener=assigned)
        self._dispatch = Dispatch(self.name, self.settings.notify)
        return consumer

    def _patience(self) -> int:
        """How long to wait for alerts: until something is due."""
        due = self._dispatch.due_at()
        return _POLL_MS if due is None else max(0, min(_POLL_MS, due - _now()))

    def _open(self, consumer: KafkaConsumer) -> None:
        """Go on where the last one stopped, knowing what it told; where there was none, from our own start on."""
        now = _now()
        self._dispatch = Dispatch(self.name, self.settings.notify)
        self._committed.clear()
        since = self._dispatch.horizon(now)
        places = sorted(consumer.assignment())
        positions: dict[int, int] = {}
        for place in places:
            found = consumer.committed(place, metadata=True)
            if found is None:
                seek_to_time(consumer, self._started, place)
                positions[place.partition] = consumer.position(place)
                consumer.commit({place: OffsetAndMetadata(positions[place.partition], str(now), -1)})
            else:
                consumer.seek(place, found.offset)
                positions[place.partition] = found.offset
                since = min(since, int(found.metadata or now))
        if places:
            ends = {place.partition: end for place, end in consumer.end_offsets(places).items()}
            self._dispatch.resume(positions, ends, since)
            for delivery in deliveries_since(self.settings, self.name, since):
                self._dispatch.remember(delivery)
        self.observer.opened(self.name, is_active=bool(places))

    def _take(self, value: bytes | None, place: Place, now: int) -> None:
        try:
            alert = None if value is None else _decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:  # no alert, and no cause to stop
            self.records.not_an_alert(self.name, place, f"no alert: {type(error).__name__}", len(value or b""), now)
            alert = None
        if alert is None:
            self._dispatch.skip(place)
        else:
            self._dispatch.take(alert, place, now)

    def _work(self, stop: threading.Event) -> None:
        """Do what is due, for so long that Kafka does not take us for stuck."""
        until = time.monotonic() + _TURN_SECONDS
        while not stop.is_set() and time.monotonic() < until:
            now = _now()
            decided = self._dispatch.decide(self.triage, now)
            if decided is None:
                return
            if isinstance(decided, Notice):
                self._deliver(decided)
            else:
                for delivery in decided:
                    self._settle(delivery)

    def _deliver(self, notice: Notice) -> None:
        try:
            self.sink.deliver(notice)
        except NotTakenError as error:
            why, is_final = error.why, error.is_final
        except Exception as error:  # noqa: BLE001  # a stranger's sink may raise anything; it must not end the others
            why, is_final = f"{type(error).__name__}: {error}", False
        else:
            self.observer.tried(self.name, "")
            _LOG.info("event=told sink=%s notice=%s trace=%s", self.name, notice.id, traces_of(notice.alerts))
            self._settle(self._dispatch.told(_now()), [alert.emitted_at for alert in notice.alerts])
            return
        self.observer.tried(self.name, why)
        _LOG.warning("event=not_taken sink=%s notice=%s why=%r", self.name, notice.id, why)
        given_up = self._dispatch.failed(why, _now(), is_final=is_final)
        if given_up is not None:
            for alert in notice.alerts:
                self.records.dead_letter(alert, self.name, given_up, self._dispatch.place_of(alert.id))
            self._settle(given_up)

    def _settle(self, delivery: Delivery, emitted_at: Sequence[int] = ()) -> None:
        self.records.write(delivery)
        self._dispatch.settle([delivery])
        self.observer.settled(delivery, emitted_at=emitted_at)

    def _commit(self, consumer: KafkaConsumer) -> None:
        """Have written down what was settled, then commit how far that goes."""
        kafka, since = self.settings.kafka, str(self._dispatch.since(_now()))
        positions = {
            TopicPartition(kafka.prefix + ALERTS.name, partition): offset
            for partition, offset in self._dispatch.positions().items()
        }
        news = {place: offset for place, offset in positions.items() if self._committed.get(place) != offset}
        if not news:
            return
        self.records.flush()
        try:
            consumer.commit({place: OffsetAndMetadata(offset, since, -1) for place, offset in news.items()})
            self._committed.update(news)
        except (CommitFailedError, RebalanceInProgressError):
            _LOG.warning("event=taken_over sink=%s", self.name)  # the next poll gives our place anew, or none

    def _hold_back(self, consumer: KafkaConsumer) -> None:
        """Read nothing more while too much waits."""
        self.observer.waiting(self.name, alerts=self._dispatch.size, since=self._dispatch.since(_now()))
        is_full = self._dispatch.size >= _MOST_WAITING
        if is_full and not consumer.paused():
            consumer.pause(*consumer.assignment())
        elif not is_full and consumer.paused():
            consumer.resume(*consumer.paused())


def _now() -> int:
    return time.time_ns() // 1_000_000
