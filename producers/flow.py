"""A source flows into Kafka at its pace until it ends, enough is sent or it is stopped; what happened is summed up."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice

import msgspec

from producers.pacing import Clock, Pacing, WallClock
from producers.publisher import Publisher
from producers.source import Source
from stream.settings import Settings

PROGRESS_SECONDS = 0.25


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How a flow stands.

    sent     records handed over so far
    rate     records per second since it began
    behind   seconds the last record was sent after it was due; 0 while on time
    at       event time of the last record, epoch ms
    """

    sent: int
    rate: float
    behind: float
    at: int


class PublishSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a flow did.

    sent          records acknowledged, per topic without prefix
    first_due_ms, last_due_ms   record timestamps of the first and the last record, epoch ms; 0 for none
    seconds       from when the first record was due to the last acknowledgement
    worst_behind_seconds        the latest that a record was sent after it was due
    refused       rows of the input that became no event, per "file: field"; empty for a simulator
    """

    sent: dict[str, int]
    first_due_ms: int
    last_due_ms: int
    seconds: float
    worst_behind_seconds: float
    refused: dict[str, int]

    @property
    def total(self) -> int:
        """Records acknowledged on all topics."""
        return sum(self.sent.values())


def publish(
    source: Source,
    *,
    bootstrap: str,
    settings: Settings,
    rate: float | None = None,
    speed: float | None = None,
    count: int | None = None,
    skip: int = 0,
    stop: threading.Event | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    clock: Clock | None = None,
) -> PublishSummary:
    """Publish a source's records to topics that exist, open-loop; all that was sent is flushed before it returns.

    rate, speed  records per wall second, or event seconds per wall second; neither: as fast as Kafka takes them
    count        records at most; None: all
    skip         records to leave out first: published before
    stop         set it from anywhere to end the flow
    on_progress  told four times a second, in this thread
    clock        None: the machine's
    Raises MachineError where no broker answers, DeliveryError for what Kafka did not take.
    """
    stopped = stop or threading.Event()
    chosen = clock or WallClock(stopped)
    pacing = Pacing(clock=chosen, rate=rate, speed=speed)
    with Publisher(msgspec.structs.replace(settings.kafka, bootstrap=bootstrap)) as publisher:
        tally = _Tally(chosen, on_progress)
        for record in islice(source.records(), skip, None if count is None else skip + count):
            at: int = record.event.at  # type: ignore[attr-defined]  # every public event has one
            due = pacing.due(at)
            while (behind := pacing.nap(due)) < 0.0 and not stopped.is_set():
                tally.tell(behind=0.0)
            if stopped.is_set():
                break
            publisher.send(record, due_ms=int(due * 1000.0))
            tally.add(due, at, behind)
    tally.tell(behind=0.0, at_once=True)
    return PublishSummary(
        sent=dict(publisher.sent),
        first_due_ms=int(tally.first_due * 1000.0),
        last_due_ms=int(tally.last_due * 1000.0),
        seconds=tally.seconds,
        worst_behind_seconds=tally.worst,
        refused={**getattr(source, "refused", {}), **refused_for_cards(publisher)},
    )


def refused_for_cards(publisher: Publisher) -> dict[str, int]:
    """What was withheld at the edge, in the words of a summary."""
    return {f"{topic}: a card number": count for topic, count in publisher.withheld.items()}


class _Tally:
    """Counts what was handed over and tells of it now and then."""

    def __init__(self, clock: Clock, on_progress: Callable[[Progress], None]) -> None:
        self._clock, self._on_progress = clock, on_progress
        self._told = clock.now()
        self._sent = self._at = 0
        self.first_due = self.last_due = self.worst = 0.0

    @property
    def seconds(self) -> float:
        return self._clock.now() - self.first_due if self._sent else 0.0

    def add(self, due: float, at: int, behind: float) -> None:
        if not self._sent:  # what a source needs before its first record is not part of the flow
            self.first_due = due
        self._sent += 1
        self._at = at
        self.last_due = due
        self.worst = max(self.worst, behind)
        self.tell(behind=behind)

    def tell(self, *, behind: float, at_once: bool = False) -> None:
        now = self._clock.now()
        if at_once or now - self._told >= PROGRESS_SECONDS:
            self._told = now
            rate = self._sent / max(self.seconds, 1e-9)
            self._on_progress(Progress(sent=self._sent, rate=rate, behind=behind, at=self._at))


def publish_side_by_side(
    sources: Sequence[Source],
    *,
    bootstrap: str,
    settings: Settings,
    rate: float | None = None,
    speed: float | None = None,
    count: int | None = None,
    skip: int = 0,
    stop: threading.Event | None = None,
    on_progress: Callable[[int, Progress], None] = lambda _i, _p: None,
) -> list[PublishSummary]:
    """Publish several sources at once, each from its own beginning: recordings of different years run together.

    rate         of all together, in equal parts
    count, skip  of each
    on_progress  told which source, by its place, from that source's thread
    Otherwise as ``publish``; where one fails the others are stopped, and its error is raised.
    """
    stopped = stop or threading.Event()

    def flow(place: int) -> PublishSummary:
        try:
            return publish(
                sources[place],
                bootstrap=bootstrap,
                settings=settings,
                rate=rate / len(sources) if rate else None,
                speed=speed,
                count=count,
                skip=skip,
                stop=stopped,
                on_progress=partial(on_progress, place),
            )
        except BaseException:
            stopped.set()
            raise

    with ThreadPoolExecutor(len(sources), thread_name_prefix="source") as pool:
        return list(pool.map(flow, range(len(sources))))
