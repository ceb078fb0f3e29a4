"""The contract of a stage: what one partition does with its records; agents and replay drive any of them alike.

There are three: customers (transactions, labels → by-terminal), terminals (by-terminal → scores, alerts) and market
(ticks → risk, alerts). A stage is a deterministic function of its records' bytes, offsets and timestamps; the wall
clock is handed in and only stamps outputs.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from stream.core.state import PartitionState
from stream.errors import StreamError, WeirError
from stream.wire.columns import Ints
from stream.wire.records import Outgoing, Slice


@dataclass(slots=True, kw_only=True)
class Output:
    """What a stage made of its records.

    records   in order of publication
    counts    (metric, label values…) → increment, e.g. ("dead_lettered", "late"), ("alerts", "fraud", "high")
    scored    (m,) record timestamps of the events scored, for produced → scored latency
    alerted   (k,) record timestamps of the causes of published alerts
    figures   symbol → name → value of the latest risk snapshot, for gauges
    is_news   False: all records were refused, so their topic is as good as silent
    """

    records: list[Outgoing] = field(default_factory=list)
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    scored: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    alerted: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    figures: dict[str, dict[str, float | None]] = field(default_factory=dict)
    is_news: bool = True


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


class Stage(Protocol):
    """One stage on one partition.

    topics  the source topics it reads, all at its own partition number
    state   its rows; ``state.checkpoint`` is the last durable one after ``restore``, the current one after ``mark``
    """

    @property
    def topics(self) -> tuple[str, ...]:
        """Source topics, without prefix."""
        ...

    @property
    def state(self) -> PartitionState:
        """Rows of the partition."""
        ...

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
