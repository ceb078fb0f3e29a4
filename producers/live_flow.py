"""A live source flows into Kafka: batch by batch, noted in its ledger, until it is stopped.

What was sent when the last process was killed is known again by the header ``weir-origin`` on the records themselves,
so a batch in doubt is neither sent twice nor left out.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing

from kafka import KafkaConsumer

from producers.flow import PROGRESS_SECONDS, Progress, PublishSummary, refused_for_cards
from producers.ledger import Ends
from producers.live import Arrival, Batch, Live
from producers.publisher import ORIGIN, Publisher
from stream.consume import consumer_of
from stream.settings import Settings
from stream.wire.topics import LABELS, TICKS, TRANSACTIONS

_TOPICS = (TRANSACTIONS.name, LABELS.name, TICKS.name)


def publish_live(
    source: Live,
    *,
    name: str,
    settings: Settings,
    count: int | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> PublishSummary:
    """Publish what comes to topics that exist, until it is stopped or has sent ``count`` records, whole batches.

    name  of the source, as it stands in the headers of its records
    Raises MachineError where no broker answers or another process uses the ledger, DeliveryError for what Kafka did not
    take: what is then in doubt is settled at the next start.
    """
    stopped = stop or threading.Event()
    with ExitStack() as stack:
        reader = None
        if source.ledger is not None:
            stack.enter_context(source.ledger)
            reader = stack.enter_context(closing(consumer_of(settings, _TOPICS, from_beginning=False)))
        publisher = stack.enter_context(Publisher(settings.kafka))
        flow = _Flow(source, name, settings, reader)
        batches = stack.enter_context(closing(_generator(source.batches(stopped))))
        told = began = time.monotonic()
        for batch in batches:
            flow.send(batch, publisher)
            now = time.monotonic()
            if now - told >= PROGRESS_SECONDS:
                told = now
                rate = flow.sent / max(now - began, 1e-9)
                on_progress(Progress(sent=flow.sent, rate=rate, behind=0.0, at=flow.at))
            if count is not None and flow.sent >= count:
                stopped.set()
    return PublishSummary(
        sent=dict(publisher.sent),
        first_due_ms=flow.first_ms,
        last_due_ms=flow.last_ms,
        seconds=time.monotonic() - began,
        worst_behind_seconds=0.0,
        refused={**source.refused, **refused_for_cards(publisher)},
    )


def _generator(batches: Iterator[Batch]) -> Generator[Batch, None, None]:
    """Whatever iterates, as what can be closed."""
    yield from batches


class _Flow:
    """What one flow has sent, and the way of one batch into Kafka and ledger.

    reader  on the ends of the topics; None where there is no ledger
    """

    def __init__(self, source: Live, name: str, settings: Settings, reader: KafkaConsumer | None) -> None:
        self._ledger = source.ledger
        self._name, self._prefix, self._reader = name, settings.kafka.prefix, reader
        self._already = self._in_doubt()
        self.sent = self.at = self.first_ms = self.last_ms = 0

    def send(self, batch: Batch, publisher: Publisher) -> None:
        """Send what is not there already; returns when all of it stands in Kafka and the ledger says so."""
        new = [arrival for arrival in batch.arrivals if arrival.origin not in self._already]
        self._already.difference_update(arrival.origin for arrival in batch.arrivals)
        if new:
            if self._ledger:
                self._ledger.begin(self._ends())
            self._send(new, publisher)
        if self._ledger and (batch.positions or batch.arrivals):
            self._ledger.settle(batch.positions, now=int(time.time()))

    def _send(self, arrivals: list[Arrival], publisher: Publisher) -> None:
        now = time.time_ns() // 1_000_000
        for record, origin in arrivals:
            publisher.send(record, due_ms=now, origin=f"{self._name} {origin}" if origin else "")
        publisher.settle()
        self.sent += len(arrivals)
        self.at = arrivals[-1].record.event.at  # type: ignore[attr-defined]  # every public event has one
        self.first_ms, self.last_ms = self.first_ms or now, now

    def _ends(self) -> Ends:
        assert self._reader is not None
        ends: Ends = {}
        for place, end in self._reader.end_offsets(self._reader.assignment()).items():
            ends.setdefault(place.topic.removeprefix(self._prefix), {})[place.partition] = end
        return ends

    def _in_doubt(self) -> set[str]:
        """Origins of those records of the batch that the last process was killed over which Kafka has."""
        ends = self._ledger.doubt() if self._ledger else None
        if not ends:
            return set()
        assert self._reader is not None
        for place in self._reader.assignment():
            known = ends.get(place.topic.removeprefix(self._prefix), {})
            self._reader.seek(place, known.get(place.partition, 0))
        return set(self._read_origins(self._reader))

    def _read_origins(self, reader: KafkaConsumer) -> Iterator[str]:
        whose = f"{self._name} ".encode()
        ends = reader.end_offsets(reader.assignment())
        while any(reader.position(place) < end for place, end in ends.items()):
            for records in reader.poll(timeout_ms=200).values():
                for record in records:
                    for header, value in record.headers:
                        if header == ORIGIN and value.startswith(whose):
                            yield value[len(whose) :].decode()
