"""Replay: the walk of an event with no broker. The same stages, fed from an iterator instead of fetched from Kafka.

Records are keyed to partitions by Kafka's own hash, so customers and symbols meet the partition they would meet live.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from kafka.partitioner.default import murmur2

from models.detector import Detector
from stream.core.customer_stage import CustomerStage
from stream.core.market.stage import MarketStage
from stream.core.stage import Output, Stage
from stream.core.terminal_stage import Observer, TerminalStage
from stream.settings import Settings
from stream.wire.codec import encode
from stream.wire.events import Event
from stream.wire.records import Outgoing, Slice
from stream.wire.topics import BY_TERMINAL, LABELS, TICKS, TRANSACTIONS

_INPUTS = (TRANSACTIONS.name, LABELS.name, TICKS.name)
Keyed = tuple[str, str, Event]  # topic, key, event


@dataclass(slots=True)
class _Log:
    """One partition of a topic: what waits to be fed, and the offset that comes next."""

    values: list[bytes] = field(default_factory=list)
    produced: list[int] = field(default_factory=list)
    next_offset: int = 0

    def take(self, topic: str, partition: int) -> Slice:
        n = len(self.values)
        piece = Slice(
            topic=topic,
            partition=partition,
            offset=np.arange(self.next_offset, self.next_offset + n),
            produced=np.array(self.produced, np.int64),
            values=self.values,
            next_offset=self.next_offset + n,
        )
        self.values, self.produced, self.next_offset = [], [], self.next_offset + n
        return piece


class Replay:
    """Drives the three stages over every partition.

    detectors  run on each payment
    observe    see ``TerminalStage``
    batch      records taken from the input at a time; changes no figure
    """

    def __init__(
        self,
        settings: Settings,
        detectors: Sequence[Detector],
        *,
        observe: Observer | None = None,
        batch: int = 4096,
    ) -> None:
        partitions = range(settings.kafka.partitions)
        self._partitions = len(partitions)
        self._batch = batch
        self._places: dict[str, int] = {}
        self.customers = [CustomerStage(p, settings) for p in partitions]
        self.terminals = [TerminalStage(p, settings, detectors, observe) for p in partitions]
        self.market = [MarketStage(p, settings) for p in partitions]
        self._logs = {(topic, p): _Log() for topic in (*_INPUTS, BY_TERMINAL.name) for p in partitions}
        self._late_ms = 1000 * settings.payments.max_late_seconds
        self._newest = 0  # event time
        self._clock = 0  # latest record timestamp: what stands for the wall clock here

    def run(self, records: Iterable[Keyed], *, produced: Callable[[Event], int] | None = None) -> Iterator[Output]:
        """Feed all records, then let every stage finish; yields each stage's output as it comes.

        Nothing older than the allowed lateness is to come, so no partition is waited for longer than that.

        records   in event-time order; those on other topics (``truth``) are passed over
        produced  record timestamp of an event, epoch ms; default: its event time
        """
        source = iter(records)
        while chunk := list(islice(source, self._batch)):
            for topic, key, event in chunk:
                if topic in _INPUTS:
                    log = self._logs[topic, self.place(key)]
                    log.values.append(encode(event))
                    at: int = event.at  # type: ignore[attr-defined]  # every input event has one
                    self._newest = max(self._newest, at)
                    self._clock = at if produced is None else produced(event)
                    log.produced.append(self._clock)
            yield from self._feed(self.customers)
            for customers in self.customers:
                for topic in customers.topics:
                    yield from self._route(customers.reached(topic, self._newest - self._late_ms))
            yield from self._feed(self.market)
            yield from self._feed(self.terminals)
        yield from self._finish()

    def follow(self, slices: Iterable[Slice]) -> Iterator[Output]:
        """Feed records as a broker holds them, with its offsets and timestamps, then let every stage finish.

        slices  of the input topics, in offset order per partition; no partition may get far ahead of the others in
                event time but what then waits is kept in memory
        """
        kinds: tuple[Sequence[Stage], ...] = (self.customers, self.market)
        readers = {
            (topic, partition): stage
            for stages in kinds
            for partition, stage in enumerate(stages)
            for topic in stage.topics
        }
        for records in slices:
            self._clock = int(records.produced[-1]) if len(records) else self._clock
            yield from self._route(readers[records.topic, records.partition].feed(records, now=self._clock))
            yield from self._feed(self.terminals)
        yield from self._finish()

    def _finish(self) -> Iterator[Output]:
        """Nothing more is to come: nobody waits for anybody."""
        for customers in self.customers:
            for topic in customers.topics:
                yield from self._route(customers.idle(topic, now=self._clock))
        yield from self._feed(self.terminals)

    def place(self, key: str) -> int:
        """Name the partition that Kafka's own hash gives a key."""
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = (murmur2(key.encode()) & 0x7FFFFFFF) % self._partitions
        return place

    def _feed(self, stages: Sequence[Stage]) -> Iterator[Output]:
        for partition, stage in enumerate(stages):
            for topic in stage.topics:
                log = self._logs[topic, partition]
                if log.values:
                    yield from self._route(stage.feed(log.take(topic, partition), now=self._clock))

    def _route(self, output: Output) -> Iterator[Output]:
        onward = [record for record in output.records if record.topic == BY_TERMINAL.name]
        for record in onward:
            assert record.partition is not None
            log = self._logs[record.topic, record.partition]
            log.values.append(record.value)
            log.produced.append(self._clock)
        if onward:
            output.records = [record for record in output.records if record.topic != BY_TERMINAL.name]
        yield output


def outgoing(outputs: Iterable[Output]) -> Iterator[Outgoing]:
    """All records of the outputs, in order."""
    for output in outputs:
        yield from output.records
