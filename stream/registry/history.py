"""Payments and verdicts as they stand on a broker, replayed into feature rows: what is learnt from, and judged by.

Truth is what the verdicts said by then. Payments so young that theirs could not be in yet are left out: to take them
for genuine would teach that fraud is genuine.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field

import msgspec
import numpy as np
from kafka import KafkaConsumer, TopicPartition

from models.dataset import FeatureSet
from stream.consume import consumer_of
from stream.core.names import DAY_MS
from stream.errors import MachineError, ModelError
from stream.replay import Replay
from stream.settings import Settings
from stream.training_set import Keeper
from stream.wire.events import Label
from stream.wire.records import Slice
from stream.wire.topics import LABELS, TRANSACTIONS

_AHEAD = 20_000  # records of a partition that wait for others, at most
_SLICE = 4096

Tell = Callable[[int, int], None]  # records done, of how many
_label = msgspec.json.Decoder(Label).decode


def history_of(settings: Settings, *, until: int | None, delay_days: float, tell: Tell) -> tuple[FeatureSet, int]:
    """Replay what stands on ``transactions`` and ``labels`` and keep the features of each payment with its verdict.

    until       event time up to which verdicts count, epoch ms; None: that of the newest payment
    delay_days  until a verdict is known: payments younger than that at ``until`` are left out
    tell        told now and then
    -> the rows, and ``until``
    Raises MachineError where there is no Kafka, ModelError where no payment is old enough.
    """
    keeper = Keeper(lambda _: None)
    verdicts: dict[str, tuple[int, bool]] = {}
    done = 0
    with closing(consumer_of(settings, [TRANSACTIONS.name, LABELS.name], from_beginning=True)) as consumer:
        _require_partitions(consumer, settings)
        reader = InStep(consumer, settings.kafka.prefix)

        def listened() -> Iterator[Slice]:
            nonlocal done
            for piece in reader:
                if piece.topic == LABELS.name:
                    _hear(piece, verdicts, until)
                done += len(piece)
                tell(done, reader.total)
                yield piece

        for _ in Replay(settings, [], observe=keeper.keep).follow(listened()):
            pass
    if not keeper.newest:
        raise ModelError(f"topic {TRANSACTIONS.name}: expected payments, was none that could be scored")
    known_by = until if until is not None else keeper.newest
    frauds = {name for name, (at, fraud) in verdicts.items() if fraud and at <= known_by}
    rows = keeper.close(frauds)
    last = int(np.searchsorted(rows.at, known_by - round(delay_days * DAY_MS), side="right"))
    if not last:
        raise ModelError(
            f"topic {TRANSACTIONS.name}: expected payments {delay_days:g} days older than that time, was none"
        )
    return rows.first(last), known_by


def _hear(piece: Slice, verdicts: dict[str, tuple[int, bool]], until: int | None) -> None:
    """Take the last verdict on each payment by then; what is no label is a dead letter's matter."""
    for value in piece.values:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            label = _label(value or b"")
            if until is None or label.at <= until:
                verdicts[label.transaction] = (label.at, label.fraud)


def _require_partitions(consumer: KafkaConsumer, settings: Settings) -> None:
    count = len(consumer.assignment())
    if count != 2 * settings.kafka.partitions:
        raise MachineError(
            f"{TRANSACTIONS.name} and {LABELS.name} have {count} partitions, expected 2 × {settings.kafka.partitions}",
            "Set kafka.partitions to what is there",
        )


@dataclass(slots=True)
class InStep:
    """Slices of all partitions assigned to a consumer, up to where they end now, so that all end together.

    Each comes as far as the others, as a share of itself: none has to be kept while the rest is read.
    """

    consumer: KafkaConsumer
    prefix: str
    total: int = field(init=False)
    _first: dict[TopicPartition, int] = field(init=False)
    _ends: dict[TopicPartition, int] = field(init=False)
    _waiting: dict[TopicPartition, deque[tuple[int, int, bytes | None]]] = field(init=False)
    _given: dict[TopicPartition, int] = field(init=False)

    def __post_init__(self) -> None:
        places = sorted(self.consumer.assignment())
        self._first = self.consumer.beginning_offsets(places)
        self._ends = {
            place: end for place, end in self.consumer.end_offsets(places).items() if end > self._first[place]
        }
        self.total = sum(end - self._first[place] for place, end in self._ends.items())
        self._waiting = {place: deque() for place in self._ends}
        self._given = {place: self._first[place] for place in self._ends}

    def __iter__(self) -> Iterator[Slice]:
        unread = set(self._ends)
        self.consumer.pause(*(place for place in self.consumer.assignment() if place not in unread))
        while unread:
            for place, records in self.consumer.poll(timeout_ms=200, max_records=_AHEAD).items():
                self._waiting[place].extend(
                    (one.offset, one.timestamp, one.value) for one in records if one.offset < self._ends[place]
                )
            for place in sorted(unread):
                if self.consumer.position(place) >= self._ends[place]:
                    unread.discard(place)
                    self.consumer.pause(place)
                elif len(self._waiting[place]) > _AHEAD:
                    self.consumer.pause(place)
                else:
                    self.consumer.resume(place)
            yield from self._up_to(min((self._reached(place) for place in unread), default=1.0))

    def _reached(self, place: TopicPartition) -> float:
        read: int = self.consumer.position(place)
        return (read - self._first[place]) / (self._ends[place] - self._first[place])

    def _up_to(self, share: float) -> Iterator[Slice]:
        cut: list[list[Slice]] = []
        for place, waiting in self._waiting.items():
            until = self._first[place] + int(share * (self._ends[place] - self._first[place]))
            until = self._ends[place] if share >= 1.0 else until
            pieces: list[Slice] = []
            while waiting and waiting[0][0] < until:
                pieces.append(self._take(place, until))
            cut.append(pieces)
        for turn in range(max(map(len, cut), default=0)):
            yield from (pieces[turn] for pieces in cut if turn < len(pieces))

    def _take(self, place: TopicPartition, until: int) -> Slice:
        waiting = self._waiting[place]
        records: list[tuple[int, int, bytes | None]] = []
        while waiting and waiting[0][0] < until and len(records) < _SLICE:
            records.append(waiting.popleft())
        self._given[place] = waiting[0][0] if waiting else until
        return Slice(
            topic=place.topic.removeprefix(self.prefix),
            partition=place.partition,
            offset=np.array([offset for offset, _, _ in records], np.int64),
            produced=np.array([at for _, at, _ in records], np.int64),
            values=[value for _, _, value in records],
            next_offset=self._given[place],
        )
