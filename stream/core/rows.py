"""A table of rows by key: which of them changed, their bytes for the changelog, and back.

A value is 32-bit words, little-endian: the number of its layout, then what the table packs.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from stream.core.arena import Arena
from stream.core.keys import KeyIndex
from stream.core.layout import Layout
from stream.core.rings import Words
from stream.errors import StateError
from stream.wire.columns import Ints

_SWEEPS = 64  # calls of take_dirty in which every row is looked at once


class RowTable(ABC):
    """Implements ``PartitionState``; the arenas hold the rings of each row, under one row number.

    horizon_ms  what is older, behind the newest event of the table, nobody can see any more
    overflowed  entries pushed out by newer ones though still within the windows, since the start
    evicted     keys forgotten because nothing of theirs is within the windows any more, since the start
    """

    LAYOUT: Layout  # of its rows

    def __init__(self, *arenas: Arena, horizon_ms: int) -> None:
        self.checkpoint = b""
        self.overflowed = 0
        self.evicted = 0
        self._told = (0, 0)
        self._arenas = arenas
        self._horizon_ms = horizon_ms
        self._index = KeyIndex()
        self._dirty = np.zeros(0, bool)
        self._newest = 0  # epoch ms, of all events applied
        self._swept = 0  # rows below were looked at in this round

    def losses(self) -> dict[str, int]:
        """Count what was pushed out and who was forgotten since the last call: never in silence."""
        before, self._told = self._told, (self.overflowed, self.evicted)
        return {"overflowed": self.overflowed - before[0], "evicted": self.evicted - before[1]}

    def take_dirty(self) -> tuple[list[bytes], Sequence[bytes | None]]:
        """Copy the rows changed since the last call and mark them clean; forget some that hold nothing any more.

        A row is forgotten (None) when every entry is beyond the horizon of the newest event and it was handed out
        by an earlier call. So the caller makes what one call gives durable, with its checkpoint, before the next.
        """
        gone = self._forget()
        rows = np.flatnonzero(self._dirty)
        self._dirty[rows] = False
        words, ends = self._pack(rows)
        blob = words.tobytes()
        names = self._index.names
        keys = [names[row].encode() for row in rows.tolist()]
        values = [blob[begin:end] for begin, end in pairwise([0, *(4 * ends).tolist()])]
        return keys + gone, [*values, *[None] * len(gone)]

    def load(self, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        """Put rows back as ``take_dirty`` gave them: the last of a key wins, None deletes.

        Raises StateError for a value of an unknown layout or of a wrong length.
        """
        last = dict(zip(keys, values, strict=True))
        latest = {key: value for key, value in last.items() if value is not None}
        for key in last:
            if key not in latest:
                self._delete(key.decode())
        if not latest:
            return
        head = self.LAYOUT.head
        stored = [row if row.startswith(head) else self.LAYOUT.present(row) for row in latest.values()]
        sizes = np.fromiter(map(len, stored), np.int64, len(stored))
        if (sizes % 4).any():
            raise StateError(self.LAYOUT.kind, "whole words", "cut short")
        words = np.frombuffer(b"".join(stored), "<u4")
        begins = np.cumsum(sizes // 4) - sizes // 4
        rows = self._rows_of([key.decode() for key in latest])
        self._dirty[rows] = False
        self._unpack(rows, words, begins, sizes // 4)
        self._newest = max(self._newest, *(int(arena.rows["newest"][rows].max()) for arena in self._arenas))

    def __len__(self) -> int:
        return len(self._index)

    @property
    def nbytes(self) -> int:
        """Bytes held: arrays and index."""
        return sum(self.parts.values())

    @property
    def parts(self) -> dict[str, int]:
        """Bytes held: a record of each key, the entries of their rings, and the way from a key to them."""
        records = sum(arena.rows.nbytes for arena in self._arenas)
        return {
            "records": records + self._dirty.nbytes,
            "entries": sum(arena.nbytes for arena in self._arenas) - records,
            "index": self._index.nbytes,
        }

    def _rows_of(self, keys: Sequence[str]) -> Ints:
        """Find or make the row of each key."""
        rows = self._index.rows_of(keys)
        count = len(self._index.names)
        if count > self._dirty.size:
            for arena in self._arenas:
                arena.add_rows(count)
            self._dirty.resize(self._arenas[0].rows.size, refcheck=False)
        return rows

    def _forget(self) -> list[bytes]:
        """Look at the next few rows and delete those that hold nothing and were handed out."""
        count = len(self._index.names)
        begin = self._swept if self._swept < count else 0
        part = slice(begin, min(begin + count // _SWEEPS + 1, count))
        self._swept = part.stop
        empty = ~self._dirty[part]
        for arena in self._arenas:
            empty &= arena.rows["newest"][part] < self._newest - self._horizon_ms
        names = [self._index.names[begin + row] for row in np.flatnonzero(empty).tolist()]
        gone = [name for name in names if name]
        for name in gone:
            self._delete(name)
        self.evicted += len(gone)
        return [name.encode() for name in gone]

    def _delete(self, key: str) -> None:
        if key in self._index:
            row = self._index.give_back(key)
            self._dirty[row] = False
            for arena in self._arenas:
                arena.drop(row)

    @abstractmethod
    def _pack(self, rows: Ints) -> tuple[Words, Ints]:
        """Write rows one after another: the words, and where each row ends in them."""

    @abstractmethod
    def _unpack(self, rows: Ints, words: Words, begins: Ints, sizes: Ints) -> None:
        """Read rows back, each from ``begins`` on; StateError where one's size is not what its counts say."""
