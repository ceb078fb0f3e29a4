"""Watching a run from outside: output topics read as a consumer would, offsets asked of the broker."""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import numpy as np
from kafka import KafkaConsumer, TopicPartition

from stream.connection import connect
from stream.consume import consumer_of
from stream.settings import Settings
from stream.summary import Tally
from stream.wire.events import Alert, DeadLetter, Label, Scores, Shock
from stream.wire.topics import ALERTS, BY_TERMINAL, DEAD_LETTERS, LABELS, SCORES, TICKS, TRANSACTIONS, TRUTH

_READ = (ALERTS, SCORES, DEAD_LETTERS, TRUTH)
_INPUTS = (TRANSACTIONS, LABELS, TICKS)
_alert = msgspec.json.Decoder(Alert).decode
_scores = msgspec.json.Decoder(Scores).decode
_letter = msgspec.json.Decoder(DeadLetter).decode
_truth = msgspec.json.Decoder(Label | Shock).decode


@dataclass(slots=True)
class Watch:
    """Reads alerts, scores, dead letters and truth of one run, and knows how far the worker is behind.

    Begins with what comes from now on: what was produced before is history.
    tally    what was read so far
    recent   the last alerts, newest last
    """

    settings: Settings
    tally: Tally = field(default_factory=Tally)
    recent: deque[Alert] = field(default_factory=lambda: deque(maxlen=200))
    new: list[Alert] = field(default_factory=list)
    _consumer: KafkaConsumer = field(init=False)
    _asker: KafkaConsumer = field(init=False)
    _history: dict[TopicPartition, int] = field(init=False)

    def __post_init__(self) -> None:
        self._consumer = consumer_of(self.settings, [topic.name for topic in _READ], from_beginning=False)
        kafka = self.settings.kafka
        self._asker = connect(  # names the group to ask for its offsets; never joins it
            KafkaConsumer, kafka, group_id=kafka.group, enable_auto_commit=False
        )
        self._asker.assign([place for topic in (*_INPUTS, BY_TERMINAL) for place in self._places(topic.name)])
        self._history = self._ends(topic.name for topic in _INPUTS)

    def read(self, *, timeout_ms: int) -> int:
        """Take what came within ``timeout_ms``; returns the number of records."""
        count = 0
        prefix = len(self.settings.kafka.prefix)
        for place, records in self._consumer.poll(timeout_ms=timeout_ms).items():
            now = round(time.time() * 1000)
            count += len(records)
            for record in records:
                self._take(place.topic[prefix:], record.value, now)
        return count

    def read_rest(self) -> None:
        """Take all that stands on the topics now."""
        ends: dict[TopicPartition, int] = self._consumer.end_offsets(self._consumer.assignment())
        while any(self._consumer.position(place) < end for place, end in ends.items()):
            self.read(timeout_ms=200)

    def _take(self, topic: str, value: bytes, now: int) -> None:
        if topic == SCORES.name:
            self.tally.scores(_scores(value))
        elif topic == ALERTS.name:
            alert = _alert(value)
            if self.tally.alert(alert, consumed_at=now):
                self.recent.append(alert)
                self.new.append(alert)
        elif topic == DEAD_LETTERS.name:
            self.tally.dead_letter(_letter(value))
        else:
            event = _truth(value)
            if isinstance(event, Label):
                self.tally.truth(event)

    def produced(self) -> dict[str, int]:
        """Records on each input topic since the beginning."""
        ends = self._ends(topic.name for topic in _INPUTS)
        totals = {topic.name: 0 for topic in _INPUTS}
        for place, end in ends.items():
            totals[place.topic[len(self.settings.kafka.prefix) :]] += end - self._history[place]
        return totals

    def lag(self) -> int:
        """Records on all topics the worker reads that it has not committed yet."""
        ends = self._ends(topic.name for topic in (*_INPUTS, BY_TERMINAL))
        return sum(end - (self._asker.committed(place) or 0) for place, end in ends.items() if end)

    def _places(self, topic: str) -> list[TopicPartition]:
        kafka = self.settings.kafka
        return [TopicPartition(kafka.prefix + topic, partition) for partition in range(kafka.partitions)]

    def _ends(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        ends: dict[TopicPartition, int] = self._asker.end_offsets([p for topic in topics for p in self._places(topic)])
        return ends

    def recent_latency_ms(self) -> tuple[float, float] | None:
        """p50 and p99 of produced → consumed over the last thousand alerts; None without any."""
        last = self.tally.latencies[-1000:]
        if not last:
            return None
        p50, p99 = np.quantile(last, [0.5, 0.99]).tolist()
        return p50, p99

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()
        self._asker.close()
