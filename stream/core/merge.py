"""The merge: events of many origins in one deterministic event-time order, whatever order their blocks came in.

Each origin's events come in its offset order with a ``seq`` that never falls, so the total order (seq, origin, offset)
is known in advance, and an event is released once every origin has passed its place. An origin that has nothing to
read says so and is not waited for; should it come back behind what was released, its events follow right after
(their seq is lifted), which depends on the order of the internal topic alone. So the order is a function of that
topic's records: a restart repeats it exactly, and for origins that keep up it equals a replay from files.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from stream.core.layout import Stored
from stream.core.shuffle import Block
from stream.wire.columns import Ints, Matrix

NEVER = -(2**62)
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
    """Released events in total order; (seq, origin, offset) is each one's position. Columns as in ``Block``."""

    seq: Ints
    origin: Ints
    offset: Ints
    produced: Ints
    at: Ints
    amount: Ints
    id: list[str]
    customer: list[str]
    terminal: list[str]
    features: Matrix  # rows of verdicts are zero

    def __len__(self) -> int:
        return len(self.id)


@dataclass(slots=True)
class _Pending:
    block: Block
    seq: Ints
    done: int  # events already released
    record: int  # offset of its record
    before: MergeState


class Merge:
    """Merges the blocks of ``origins`` origins; every one is waited for until it has spoken once."""

    def __init__(self, origins: int, width: int) -> None:
        self._width = width
        self._pending: list[_Pending] = []
        self.restore(initial(origins))

    def restore(self, state: MergeState) -> None:
        """Forget what is pending and go on from ``state``."""
        self._frontier = list(state.frontier)
        self._idle = list(state.idle)
        self._position = list(state.position)
        self._received = list(state.received)
        self._bound: Bound = (state.bound[0], state.bound[1])
        self._pending = []

    def state(self) -> MergeState:
        """Copy what decides how later blocks are merged."""
        return MergeState(
            list(self._frontier), list(self._idle), list(self._position), list(self._received), self._bound
        )

    def resume_point(self, next_offset: int) -> tuple[int, MergeState]:
        """Tell from which record to read again so that nothing pending is lost, and the state before it."""
        oldest = min(self._pending, key=lambda pending: pending.record, default=None)
        return (next_offset, self.state()) if oldest is None else (oldest.record, oldest.before)

    def add(self, block: Block, record: int) -> None:
        """Take one block; ``record`` is the offset of its record on the internal topic."""
        before = self.state()
        origin = block.origin
        skip = int(block.offset.searchsorted(self._received[origin], side="right"))  # sent again after a crash
        if skip < len(block):
            behind = self._bound[0] if origin >= self._bound[1] else self._bound[0] + 1
            seq = np.maximum(block.seq, max(behind, self._frontier[origin]))  # lifted, if it came back late
            self._pending.append(_Pending(block, seq, skip, record, before))
            self._received[origin] = int(block.offset[-1])
            self._frontier[origin] = int(seq[-1])
        self._frontier[origin] = max(self._frontier[origin], block.frontier)
        if block.position >= self._position[origin] or block.position < 0:  # not old news of a worker now replaced
            self._idle[origin] = block.idle
            self._position[origin] = max(block.position, self._position[origin])
        self._bound = max(self._bound, self._reach())

    def _reach(self) -> Bound:
        """Up to where every origin that is waited for has come."""
        waited = [(seq, origin) for origin, seq in enumerate(self._frontier) if not self._idle[origin]]
        return min(waited) if waited else (max(self._frontier), len(self._frontier))

    def release(self) -> Merged | None:
        """Take out, in total order, all events that nothing older can precede any more; None where there are none."""
        parts: list[tuple[Block, Ints, slice]] = []
        for pending in self._pending:
            side: Literal["left", "right"] = "right" if pending.block.origin <= self._bound[1] else "left"
            end = int(pending.seq.searchsorted(self._bound[0], side=side))
            if end > pending.done:
                parts.append((pending.block, pending.seq, slice(pending.done, end)))
                pending.done = end
        self._pending = [pending for pending in self._pending if pending.done < len(pending.block)]
        return _concatenate(parts, self._width) if parts else None

    def __len__(self) -> int:
        """Count the events that wait."""
        return sum(len(pending.block) - pending.done for pending in self._pending)


def initial(origins: int) -> MergeState:
    """State before the first block: every origin is waited for."""
    return MergeState([NEVER] * origins, [False] * origins, [-1] * origins, [-1] * origins, (NEVER, 0))


def _concatenate(parts: list[tuple[Block, Ints, slice]], width: int) -> Merged:
    origin = np.concatenate([np.full(cut.stop - cut.start, block.origin) for block, _, cut in parts])
    offset = np.concatenate([block.offset[cut] for block, _, cut in parts])
    seq = np.concatenate([seqs[cut] for _, seqs, cut in parts])
    order = np.lexsort((offset, origin, seq))
    places = order.tolist()
    features = np.concatenate([_features(block, cut, width) for block, _, cut in parts])

    def column(name: str) -> Ints:
        return np.concatenate([getattr(block, name)[cut] for block, _, cut in parts])[order]

    def strings(name: str) -> list[str]:
        joined = [value for block, _, cut in parts for value in getattr(block, name)[cut]]
        return [joined[i] for i in places]

    return Merged(
        seq=seq[order],
        origin=origin[order],
        offset=offset[order],
        produced=column("produced"),
        at=column("at"),
        amount=column("amount"),
        id=strings("id"),
        customer=strings("customer"),
        terminal=strings("terminal"),
        features=features[order],
    )


def _features(block: Block, cut: slice, width: int) -> Matrix:
    rows = block.features[cut]
    return rows if rows.shape[1] == width else np.zeros((cut.stop - cut.start, width))
