"""A ring: the entries of one key in time order, as columns of 32-bit words in one block of a shared arena.

Column ``c`` of a ring begins at ``start + c * capacity`` and its entries stand at ``head … head + count``. Column 0 is
the time modulo 2**32 ms, read relative to the newest entry: all that is kept is younger than ``HORIZON_LIMIT_MS``, so
the time is exact.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel

UNIT = 4  # entries: capacities are multiples of it
MASK = 0xFFFFFFFF
HORIZON_LIMIT_MS = 2**32 - 1
RING: list[tuple[str, str]] = [
    ("newest", "i8"),  # epoch ms of the newest entry ever
    ("start", "i8"),  # place of the columns in the arena
    ("capacity", "i4"),  # entries
    ("head", "i4"),  # place of the oldest entry
    ("count", "i4"),  # entries
    ("wanted", "i4"),  # entries, while room is made; 0 otherwise
]
Words: TypeAlias = NDArray[np.uint32]
Rows: TypeAlias = NDArray[Any]  # records that end with RING
Row: TypeAlias = Any  # one of them, by reference


@kernel
def capacity_for(count: int) -> int:
    """Entries of a block for ``count`` entries: a sixteenth more, so that sliding is rare, in steps of as much."""
    count += count // 16
    step = UNIT
    while step * 32 <= count:
        step *= 2
    return (count + step - 1) // step * step


@kernel
def column(row: Row, which: int) -> int:
    """Place of the oldest entry's word of column ``which`` in the arena."""
    return row["start"] + which * row["capacity"] + row["head"]


@kernel
def time_at(row: Row, words: Words, place: int) -> int:
    """Epoch ms of the entry whose time stands at ``place``."""
    return row["newest"] - ((row["newest"] - np.int64(words[place])) & MASK)


@kernel
def first_at_or_after(row: Row, words: Words, at: int, high: int) -> int:
    """Index of the first of the ``high`` oldest entries at or after ``at``; ``high`` where there is none."""
    place = column(row, 0)
    low = 0
    while low < high:
        middle = (low + high) // 2
        if time_at(row, words, place + middle) < at:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def evict(row: Row, words: Words, before: int) -> None:
    """Drop the entries older than ``before`` (epoch ms)."""
    place = column(row, 0)
    dropped = 0
    while dropped < row["count"] and time_at(row, words, place + dropped) < before:
        dropped += 1
    if dropped:
        row["count"] -= dropped
        row["head"] = row["head"] + dropped if row["count"] else 0


@kernel
def insert(row: Row, words: Words, width: int, index: int, at: int, limit: int) -> int:
    """Open a gap for an entry at ``index`` and write its time; at most ``limit`` entries stay, the oldest goes.

    index  0 … count; the block has room for ``min(count + 1, limit)`` entries
    -> place of its word of column 0, the others follow at steps of ``capacity``; -1 where it would be the oldest of
    too many itself
    """
    if row["count"] == limit:
        if index == 0:
            return -1
        row["head"] += 1
        row["count"] -= 1
        index -= 1
    if row["head"] + row["count"] == row["capacity"]:
        move(row, words, width, row["start"], row["capacity"])
    row["newest"] = max(row["newest"], at)
    for which in range(width):
        place = column(row, which)
        for i in range(place + row["count"], place + index, -1):
            words[i] = words[i - 1]
    row["count"] += 1
    place = column(row, 0) + index
    words[place] = np.uint32(at & MASK)
    return place


@kernel
def move(row: Row, words: Words, width: int, start: int, capacity: int) -> None:
    """Move the entries to the front of another block, or of their own."""
    for which in range(width):
        place = column(row, which)
        to = start + which * capacity
        for i in range(row["count"]):
            words[to + i] = words[place + i]
    row["start"] = start
    row["capacity"] = capacity
    row["head"] = 0


@kernel
def copy_out(row: Row, words: Words, width: int, out: Words, place: int) -> int:
    """Write the entries column by column to ``out`` from ``place`` on; returns the place behind them."""
    for which in range(width):
        begin = column(row, which)
        for i in range(row["count"]):
            out[place + i] = words[begin + i]
        place += row["count"]
    return place


@kernel
def copy_in(row: Row, words: Words, width: int, values: Words, place: int, count: int, limit: int) -> int:
    """Read ``count`` entries as ``copy_out`` wrote them, the newest ``limit`` of them into the block.

    Returns the place behind them. The block has room for ``min(count, limit)``.
    """
    row["head"] = 0
    row["count"] = min(count, limit)
    for which in range(width):
        begin = column(row, which)
        skipped = place + count - row["count"]
        for i in range(row["count"]):
            words[begin + i] = values[skipped + i]
        place += count
    return place


@kernel
def put_split(words: Words, place: int, step: int, value: int) -> None:
    """Write a 64-bit integer as two words, the lower at ``place``, the upper ``step`` further on."""
    words[place] = np.uint32(value & MASK)
    words[place + step] = np.uint32((value >> 32) & MASK)


@kernel
def get_split(words: Words, place: int, step: int) -> np.int64:
    """Read what ``put_split`` wrote."""
    return np.int64(words[place]) | (np.int64(words[place + step]) << 32)


@kernel
def put_long(words: Words, place: int, value: int) -> None:
    """Write a 64-bit integer as two words in a row."""
    put_split(words, place, 1, value)


@kernel
def get_long(words: Words, place: int) -> np.int64:
    """Read what ``put_long`` wrote."""
    return get_split(words, place, 1)
