"""The merge: events of many origins in one deterministic event-time order, whatever order their blocks came in.

Each origin's events come in its offset order with a ``seq`` that never falls, so the total order (seq, origin, offset)
is known in advance, and an event is released once every origin has passed its place. An origin that has nothing to
read says so and is not waited for; should it come back behind what was released, its events follow right after
(their seq is lifted), which depends on the order of the internal topic alone. So the order is a function of that
topic's records: a restart repeats it exactly, and for origins that keep up it equals a replay from files.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from stream.core.layout import Stored
from stream.core.shuffle import AMOUNT, AT, OFFSET, PRODUCED, SEQ, Block
from stream.wire.columns import Ints, Matrix

NEVER = -(2**62)
ORIGIN = 5  # of ``Merged.integers``
Bound: TypeAlias = tuple[int, int]  # (seq, origin): all at or below it was released


class MergeState(Stored, frozen=True):
    """All that decides how later blocks are merged, as it stood before some record."""

    frontier: list[int]
    idle: list[bool]
    position: list[int]  # next offset of each origin, as its latest block says
    received: list[int]  # last offset taken per origin
    bound: Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Released events in total order; (seq, origin, offset) is each one's position. Columns as in ``Block``.

    integers  (6, n) rows as in ``Block``, then ``ORIGIN``; seq lifted where an origin came back late
    features  (n, CUSTOMER_FEATURES) rows of verdicts are zero
    """

    integers: Ints
    id: list[str]
    customer: list[str]
    terminal: list[str]
    features: Matrix

    def __len__(self) -> int:
        return len(self.id)

    @property
    def offset(self) -> Ints:
        """Offset in the origin ``(n,)``."""
        return self.integers[OFFSET]

    @property
    def produced(self) -> Ints:
        """Record timestamp ``(n,)``, epoch ms."""
        return self.integers[PRODUCED]

    @property
    def at(self) -> Ints:
        """Event time ``(n,)``, epoch ms."""
        return self.integers[AT]

    @property
    def seq(self) -> Ints:
        """Place in time ``(n,)``, epoch ms."""
        return self.integers[SEQ]

    @property
    def amount(self) -> Ints:
        """Minor units of a payment, 0 or 1 of a verdict, ``(n,)``."""
        return self.integers[AMOUNT]

    @property
    def origin(self) -> Ints:
        """Origin ``(n,)``; see ``origin_of``."""
        return self.integers[ORIGIN]

    def take(self, rows: Ints) -> "Merged":
        """Select rows."""
        places = rows.tolist()
        return Merged(
            integers=np.take(self.integers, rows, axis=1),
            id=[self.id[i] for i in places],
            customer=[self.customer[i] for i in places],
            terminal=[self.terminal[i] for i in places],
            features=self.features[rows],
        )


@dataclass(slots=True)
class _Pending:
    block: Block
    seq: Ints
    done: int  # events already released
    record: int  # offset of its record


_Part: TypeAlias = tuple[Block, Ints, slice]  # of a block, with its seq and which events


class _Origin(NamedTuple):
    """How far one origin has come; see ``MergeState``."""

    frontier: int
    idle: bool
    position: int
    received: int


class _Before(NamedTuple):
    """How the origin of a record, and the bound, stood before it: the only things that a record changes."""

    record: int
    number: int
    origin: _Origin
    bound: Bound


class Merge:
    """Merges the blocks of ``origins`` origins; every one is waited for until it has spoken once."""

    def __init__(self, origins: int, width: int) -> None:
        self._width = width
        self._pending: list[_Pending] = []
        self.restore(initial(origins))

    def restore(self, state: MergeState) -> None:
        """Forget what is pending and go on from ``state``."""
        columns = (state.frontier, state.idle, state.position, state.received)
        self._origins = [_Origin(*origin) for origin in zip(*columns, strict=True)]
        self._bound: Bound = (state.bound[0], state.bound[1])
        self._pending = []
        self._history: deque[_Before] = deque()  # of the records from the oldest on that is pending

    def state(self) -> MergeState:
        """Copy what decides how later blocks are merged."""
        return _state(self._origins, self._bound)

    def resume_point(self, next_offset: int) -> tuple[int, MergeState]:
        """Tell from which record to read again so that nothing pending is lost, and the state before it."""
        if not self._pending:
            return next_offset, self.state()
        origins = self._origins.copy()
        for before in reversed(self._history):
            origins[before.number] = before.origin
        return self._pending[0].record, _state(origins, self._history[0].bound)

    def add(self, block: Block, record: int) -> None:
        """Take one block; ``record`` is the offset of its record on the internal topic."""
        number = block.origin
        before = _Before(record, number, self._origins[number], self._bound)
        frontier, idle, position, received = before.origin
        offset = block.integers[OFFSET]
        skip = int(offset.searchsorted(received, side="right")) if offset.size else 0  # sent again after a crash
        if skip < offset.size:
            behind = self._bound[0] if number >= self._bound[1] else self._bound[0] + 1
            seq = np.maximum(block.integers[SEQ], max(behind, frontier))  # lifted, if it came back late
            self._pending.append(_Pending(block, seq, skip, record))
            received = int(offset[-1])
            frontier = int(seq[-1])
        if block.position >= position or block.position < 0:  # not old news of a worker now replaced
            idle = block.idle
            position = max(block.position, position)
        self._origins[number] = _Origin(max(frontier, block.frontier), idle, position, received)
        self._bound = max(self._bound, self._reach())
        if self._pending:
            self._history.append(before)

    def _reach(self) -> Bound:
        """Up to where every origin that is waited for has come."""
        waited = [(origin.frontier, number) for number, origin in enumerate(self._origins) if not origin.idle]
        return min(waited) if waited else (max(origin.frontier for origin in self._origins), len(self._origins))

    def release(self) -> Merged | None:
        """Take out, in total order, all events that nothing older can precede any more; None where there are none."""
        if not self._pending:
            return None
        parts: list[_Part] = []
        for pending in self._pending:
            side: Literal["left", "right"] = "right" if pending.block.origin <= self._bound[1] else "left"
            end = int(pending.seq.searchsorted(self._bound[0], side=side))
            if end > pending.done:
                parts.append((pending.block, pending.seq, slice(pending.done, end)))
                pending.done = end
        self._pending = [pending for pending in self._pending if pending.done < len(pending.block)]
        oldest = self._pending[0].record if self._pending else None
        while self._history and (oldest is None or self._history[0].record < oldest):
            self._history.popleft()
        return _concatenate(parts, self._width) if parts else None

    def __len__(self) -> int:
        """Count the events that wait."""
        return sum(len(pending.block) - pending.done for pending in self._pending)


def initial(origins: int) -> MergeState:
    """State before the first block: every origin is waited for."""
    return MergeState([NEVER] * origins, [False] * origins, [-1] * origins, [-1] * origins, (NEVER, 0))


def _state(origins: list[_Origin], bound: Bound) -> MergeState:
    return MergeState(
        [origin.frontier for origin in origins],
        [origin.idle for origin in origins],
        [origin.position for origin in origins],
        [origin.received for origin in origins],
        bound,
    )


def _concatenate(parts: list[_Part], width: int) -> Merged:
    """Lay parts of blocks, each ordered in itself, into one order."""
    n = sum(cut.stop - cut.start for _, _, cut in parts)
    integers, features = np.empty((6, n), np.int64), np.zeros((n, width))
    ids: list[str] = []
    customers: list[str] = []
    terminals: list[str] = []
    for block, seq, cut in parts:
        rows = slice(len(ids), len(ids) + cut.stop - cut.start)
        integers[:5, rows] = block.integers[:, cut]
        integers[SEQ, rows] = seq[cut]
        integers[ORIGIN, rows] = block.origin
        if block.features.shape[1]:
            features[rows, : block.features.shape[1]] = block.features[cut]
            features[rows, block.features.shape[1] :] = np.nan  # new names come last: an older release knew less
        ids += block.id[cut]
        customers += block.customer[cut]
        terminals += block.terminal[cut]
    merged = Merged(integers=integers, id=ids, customer=customers, terminal=terminals, features=features)
    if len(parts) == 1:
        return merged
    return merged.take(np.lexsort((merged.offset, merged.origin, merged.seq)))
