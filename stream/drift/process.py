"""The monitor on Kafka: what stands on the topics first, then what comes; findings become alerts, each once.

It remembers nothing of its own: started again it reads what stands on ``scores``, ``alerts`` and ``labels``, so it
knows as much as their retention lets it. Scores are read before verdicts, which come days later.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
from kafka import KafkaConsumer, TopicPartition

from models.artifact import MANIFEST, REFERENCE
from models.detector import Detector
from models.reference import Reference, read_reference
from stream.agents.stall_alert import publish
from stream.consume import consumer_of, read_places_to_end
from stream.core.names import DAY_MS
from stream.drift.groups import read_groups
from stream.drift.monitor import Monitor
from stream.drift.told import alert_of
from stream.drift.watch import Finding
from stream.settings import Settings
from stream.wire.events import Alert, Label, Scores
from stream.wire.topics import ALERTS, LABELS, SCORES, TRANSACTIONS

_DECODE = {
    SCORES.name: msgspec.json.Decoder(Scores).decode,
    ALERTS.name: msgspec.json.Decoder(Alert).decode,
    LABELS.name: msgspec.json.Decoder(Label).decode,
}
_ORDER = (ALERTS.name, SCORES.name, LABELS.name)
_SECONDS = 10.0  # that Kafka may take for an alert
_POLL_MS = 500
_LEAD_MS = DAY_MS // 4


class Follower:
    """Feeds a monitor from the topics and publishes what it finds.

    detectors  as the worker has them
    publishes  False: only look
    Raises MachineError where there is no Kafka or a topic is missing.
    """

    def __init__(self, settings: Settings, detectors: list[Detector], *, publishes: bool) -> None:
        self._settings, self._publishes = settings, publishes
        self._known: set[str] = set()
        self._names = {settings.kafka.prefix + topic: topic for topic in _ORDER}  # as ``consumer_of`` names them
        self.told = 0
        self.monitor = Monitor(
            settings.monitor,
            detectors,
            lambda versions: reference_for(settings, versions),
            warm_at=warm_at(settings),
            groups=read_groups(settings.monitor.groups),
        )

    def run(self, is_stopped: Callable[[], bool], heard: Callable[[Monitor], None]) -> None:
        """Read what stands there, then what comes, until ``is_stopped``; ``heard`` is called after every look."""
        with closing(consumer_of(self._settings, _ORDER, from_beginning=True)) as consumer:
            ends = self._catch_up(consumer)
            for place, offset in ends.items():
                consumer.seek(place, offset)
            heard(self.monitor)
            while not is_stopped():
                found = consumer.poll(timeout_ms=_POLL_MS)
                for place in sorted(found, key=lambda place: _ORDER.index(self._topic(place))):
                    for record in found[place]:
                        self._take(place, record.value)
                heard(self.monitor)

    def read(self) -> None:
        """Read what stands there now, and no more."""
        with closing(consumer_of(self._settings, _ORDER, from_beginning=True)) as consumer:
            self._catch_up(consumer)

    def _catch_up(self, consumer: KafkaConsumer) -> dict[TopicPartition, int]:
        """Read topic by topic to its end, no partition far ahead of the others; returns where each was left."""
        everything = sorted(consumer.assignment())
        left: dict[TopicPartition, int] = {}
        for topic in _ORDER:
            places = [place for place in everything if self._topic(place) == topic]
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ahead = _Ahead(consumer)
            for place, _, value in read_places_to_end(consumer):
                ahead.read(place, self._take(place, value))
            left.update((place, consumer.position(place)) for place in places)
            consumer.resume(*places)
        consumer.assign(everything)
        return left

    def _take(self, place: TopicPartition, value: bytes | None) -> int | None:
        """Take a record; returns the newest event time of scores, None of what has none."""
        topic = self._topic(place)
        try:
            event = None if value is None else _DECODE[topic](value)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None  # a stranger's, or of a newer release: the worker makes a dead letter of what it can't read
        if isinstance(event, Scores):
            self._tell(self.monitor.scores(place.partition, event))
            return max(event.at, default=None)
        if isinstance(event, Alert):
            if event.kind == "model":
                self._known.add(event.id)
            self.monitor.alert(event)
        elif isinstance(event, Label):
            self.monitor.label(event)
        return None

    def _tell(self, findings: Iterator[Finding]) -> None:
        for finding in findings:
            alert = alert_of(finding, self._settings, now=round(1000 * time.time()))
            if self._publishes and alert.id not in self._known:
                publish(self._settings, alert, seconds=_SECONDS)
                self._known.add(alert.id)
                self.told += 1

    def _topic(self, place: TopicPartition) -> str:
        return self._names[place.topic]


class _Ahead:
    """Has partitions that are hours ahead of the slowest wait for it: the monitor takes so long a lead for silence."""

    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer
        self._ends: dict[TopicPartition, int] = consumer.end_offsets(consumer.assignment())
        self._newest = {place: 0 for place, end in self._ends.items() if consumer.position(place) < end}

    def read(self, place: TopicPartition, at: int | None) -> None:
        """Take note of the event time that a partition has reached, epoch ms."""
        if at is None or place not in self._newest:
            return
        self._newest[place] = max(at, self._newest[place])
        behind = [one for one in self._newest if self._consumer.position(one) < self._ends[one]]
        slowest = min((self._newest[one] for one in behind), default=0)
        waits = {one for one in behind if self._newest[one] > slowest + _LEAD_MS}
        paused = self._consumer.paused()
        self._consumer.pause(*(waits - paused))
        self._consumer.resume(*(paused - waits))


def reference_for(settings: Settings, versions: str) -> Reference | None:
    """Find what payments looked like when one of ``versions`` learnt: in the worker's artefact, or the registry.

    versions  of the detectors, with commas between
    """
    own = Path(settings.worker.model) if settings.worker.model else None
    shelf = Path(settings.registry.path)
    for folder in (own, *(shelf / version for version in versions.split(","))):
        if _identity(folder) in versions.split(","):
            return read_reference(folder)
    return None


def warm_at(settings: Settings) -> int:
    """Event time, epoch ms, from which histories are as long as they get; 0 where the stream is older than its topic.

    That is ``monitor.warm_up_days`` after the first payment, of a stream of which none has expired yet.
    """
    with closing(consumer_of(settings, [TRANSACTIONS.name], from_beginning=True)) as consumer:
        places = consumer.assignment()
        ends = consumer.end_offsets(places)
        if any(consumer.beginning_offsets(places).values()):
            return 0
        first: dict[TopicPartition, int] = {}
        wanted = {place for place in places if ends[place]}
        deadline = time.monotonic() + _SECONDS
        while wanted - first.keys() and time.monotonic() < deadline:
            for place, records in consumer.poll(timeout_ms=_POLL_MS).items():
                first.setdefault(place, _at(records[0].value) or records[0].timestamp)
    return min(first.values(), default=0) + round(settings.monitor.warm_up_days * DAY_MS)


class _Dated(msgspec.Struct):
    at: int


def _at(value: bytes | None) -> int | None:
    try:
        return msgspec.json.decode(value or b"", type=_Dated).at
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


class _Named(msgspec.Struct):
    identity: str


def _identity(folder: Path | None) -> str:
    """Version of an artefact; "" where there is none."""
    try:
        return msgspec.json.decode(((folder or REFERENCE) / MANIFEST).read_bytes(), type=_Named).identity
    except (OSError, msgspec.MsgspecError):
        return ""
