"""The contract of a stage: what one partition does with its records; agents and replay drive any of them alike.

There are three: customers (transactions, labels → by-terminal), terminals (by-terminal → scores, alerts) and market
(ticks → risk, alerts). A stage is a deterministic function of its records' bytes, offsets and timestamps; the wall
clock is handed in and only stamps outputs.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from stream.core.columns import Ints
from stream.core.state import PartitionState
from stream.errors import StreamError, WeirError


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The raw records of one fetch of one partition.

    offset      (n,) strictly increasing, gaps allowed
    produced    (n,) record timestamps, epoch ms
    values      n     bytes, None for a tombstone
    next_offset       after the last record fetched, beyond control records and gaps: what to commit when done
    """

    topic: str
    partition: int
    offset: Ints
    produced: Ints
    values: Sequence[bytes | None]
    next_offset: int

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One record to publish.

    partition  None: by the key's hash
    id         where given, a record of this id already on the topic since the checkpoint is not published again
    """

    topic: str
    value: bytes
    key: bytes | None = None
    partition: int | None = None
    id: str | None = None


@dataclass(slots=True, kw_only=True)
class Output:
    """What a stage made of its records.

    records   in order of publication
    counts    (metric, label values…) → increment, e.g. ("dead_lettered", "late"), ("alerts", "fraud", "high")
    scored    (m,) record timestamps of the events scored, for produced → scored latency
    alerted   (k,) record timestamps of the causes of published alerts
    figures   symbol → name → value of the latest risk snapshot, for gauges
    """

    records: list[Outgoing] = field(default_factory=list)
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    scored: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    alerted: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    figures: dict[str, dict[str, float | None]] = field(default_factory=dict)


@contextmanager
def changing_state(stage: str) -> Iterator[None]:
    """Guard the part of a stage that changes state: a fault in it ends the worker, which begins at its checkpoint.

    To feed the records again one by one would take those that were half applied for known.
    """
    try:
        yield
    except WeirError:
        raise
    except Exception as error:
        raise StreamError(f"stage {stage} failed while it changed state: {type(error).__name__}: {error}") from error


def unread(records: Slice, start: int) -> Slice:
    """Leave out the records of a slice that stand before ``start``: their effects are durable."""
    if not len(records) or records.offset[0] >= start:
        return records
    cut = int(np.searchsorted(records.offset, start))
    return Slice(
        topic=records.topic,
        partition=records.partition,
        offset=records.offset[cut:],
        produced=records.produced[cut:],
        values=records.values[cut:],
        next_offset=records.next_offset,
    )


class Stage(Protocol):
    """One stage on one partition.

    topics  the source topics it reads, all at its own partition number
    state   its rows; ``state.checkpoint`` is the last durable one after ``restore``, the current one after ``mark``
    """

    topics: tuple[str, ...]
    state: PartitionState

    def feed(self, records: Slice, *, now: int) -> Output:
        """Take one slice, in offset order per topic; records below ``resume_at`` are ignored. ``now`` is epoch ms."""
        ...

    def idle(self, topic: str, *, now: int) -> Output:
        """Hear that ``topic`` has nothing more to read at present, so that nobody waits for it."""
        ...

    def resume_at(self) -> dict[str, int]:
        """Next offset per topic below which all is done and may be committed. A topic not yet seen is absent."""
        ...

    def mark(self, *, written: dict[str, int]) -> None:
        """Write the present position into ``state.checkpoint``, so that ``take_dirty`` and it are one snapshot.

        written  output topic → next offset of this partition after the last acknowledged record
        """
        ...

    def restore(self) -> dict[str, int]:
        """Forget what is pending and begin again at ``state.checkpoint``; returns ``written`` as it was marked."""
        ...
