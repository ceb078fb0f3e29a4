"""How far the group has come, sampled from outside all the time, and how long a harm held it up."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

from kafka import TopicPartition
from kafka.errors import KafkaError

from stream.bench.drain import Offsets
from stream.faults.waiting import wait_for
from stream.settings import Settings
from stream.wire.topics import BY_TERMINAL, LABELS, TICKS, TRANSACTIONS

INPUTS = (TRANSACTIONS.name, LABELS.name, TICKS.name)
_EVERY_SECONDS = 0.1
_wait = partial(wait_for, look_seconds=_EVERY_SECONDS / 2)
_COMMITS_BEHIND = 2.0  # intervals: a live group is never nearer to the end of a live topic than a commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The group at one moment, ``began`` to ``at`` on the monotonic clock, seconds.

    committed, ends  next offset by topic partition: of the group (0 where it has none), and of the topic
    """

    began: float
    at: float
    committed: dict[TopicPartition, int]
    ends: dict[TopicPartition, int]

    def lag(self) -> int:
        """Records not committed."""
        return sum(end - self.committed[place] for place, end in self.ends.items())

    def has_progressed_since(self, before: "Sample") -> bool:
        """Tell whether every partition has committed progress since, but those that had nothing left to read."""
        return all(
            self.committed[place] > done or done >= before.ends[place] for place, done in before.committed.items()
        )

    def has_done_all_of(self, before: "Sample") -> bool:
        """Tell whether all that stood on the topics then is committed."""
        return all(self.committed[place] >= end for place, end in before.ends.items())


def processing_at(samples: Sequence[Sample], *, since: float) -> float | None:
    """When, after ``since``, every partition had committed progress since the first sample begun after it."""
    after = [sample for sample in samples if sample.began >= since]
    return next((sample.at for sample in after[1:] if sample.has_progressed_since(after[0])), None)


def caught_up_at(samples: Sequence[Sample], *, since: float, behind_seconds: float) -> float | None:
    """When, after ``since``, every partition moved again and what stood there ``behind_seconds`` before was done."""
    after = [sample for sample in samples if sample.began >= since]
    before = 0
    for sample in after[1:]:
        while after[before + 1].at <= sample.at - behind_seconds:
            before += 1
        is_long_ago = after[before].at <= sample.at - behind_seconds
        if is_long_ago and sample.has_progressed_since(after[0]) and sample.has_done_all_of(after[before]):
            return sample.at
    return None


class Watch:
    """Samples the offsets of a row's group and topics in a thread; a context manager that ends it."""

    def __init__(self, settings: Settings) -> None:
        kafka = settings.kafka
        self._bootstrap, self._group = kafka.bootstrap, kafka.group
        self._partitions = kafka.partitions
        self._commit_seconds = kafka.commit_seconds
        self._prefix = kafka.prefix
        self._samples: list[Sample] = []
        self._marked: float | None = None
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    @property
    def is_marked(self) -> bool:
        """Tell whether the harm is over."""
        return self._marked is not None

    def mark(self) -> None:
        """The harm is over: seconds count from now."""
        self._marked = time.monotonic()

    def offered(self) -> int:
        """Records that stand on the input topics, as of the last sample; 0 before the first."""
        if not self._samples:
            return 0
        inputs = {self._prefix + topic for topic in INPUTS}
        return sum(end for place, end in self._samples[-1].ends.items() if place.topic in inputs)

    def lag(self) -> int | None:
        """Records not committed, the internal topic's too, as of the last sample; None before the first."""
        return self._samples[-1].lag() if self._samples else None

    def wait_progress(self, *, within_seconds: float) -> None:
        """Return when the group has committed anything more than at this call; raises WeirError if it does not."""
        before = self._fresh(within_seconds)

        def has_moved() -> bool:
            now = self._samples[-1].committed
            return any(now[place] > done for place, done in before.committed.items())

        _wait(has_moved, what="no progress of the group", within_seconds=within_seconds)

    def wait_caught_up(self, *, within_seconds: float) -> None:
        """Return when lag is 0 on all topics, in a sample begun after this call; raises WeirError if it is not."""
        self._fresh(within_seconds)
        _wait(
            lambda: self._samples[-1].lag() == 0,
            what=lambda: f"{self._samples[-1].lag():,} records left",
            within_seconds=within_seconds,
        )

    def seconds_to_processing(self) -> float | None:
        """From the harm until every partition had committed progress; None if that was not seen."""
        return self._since_mark(lambda samples, since: processing_at(samples, since=since))

    def seconds_to_caught_up(self) -> float | None:
        """From the harm until all was committed that had stood on the topics two commit intervals before; or None."""
        behind = _COMMITS_BEHIND * self._commit_seconds
        return self._since_mark(lambda samples, since: caught_up_at(samples, since=since, behind_seconds=behind))

    def _since_mark(self, find: Callable[[Sequence[Sample], float], float | None]) -> float | None:
        if self._marked is None:
            return None
        at = find(list(self._samples), self._marked)
        return None if at is None else at - self._marked

    def _fresh(self, within_seconds: float) -> Sample:
        now = time.monotonic()
        _wait(
            lambda: bool(self._samples) and self._samples[-1].began >= now,
            what="no broker answers",
            within_seconds=within_seconds,
        )
        return self._samples[-1]

    def _run(self) -> None:
        while not self._is_over.is_set():
            try:
                self._sample_until_over()
            except (KafkaError, OSError, ValueError):  # a broker that is harmed: ask again
                self._is_over.wait(_EVERY_SECONDS)

    def _sample_until_over(self) -> None:
        topics = [self._prefix + topic for topic in (*INPUTS, BY_TERMINAL.name)]
        with Offsets(self._bootstrap, group=self._group, topics=topics, partitions=self._partitions) as offsets:
            while not self._is_over.wait(_EVERY_SECONDS):
                began = time.monotonic()
                committed, ends = offsets.committed(), offsets.ends()
                self._samples.append(
                    Sample(
                        began=began,
                        at=time.monotonic(),
                        committed={place: committed.get(place, 0) for place in ends},
                        ends=ends,
                    )
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()
