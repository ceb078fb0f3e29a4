"""The clock of a partition: its watermark in event time, and the active time by which a silent symbol is noticed.

Any symbol's tick moves the clock, so a silence is noticed at the first tick of the partition after it is too long,
whichever symbol that is of. Steps longer than ``break_seconds`` (the whole partition was silent: a night, a weekend)
don't count as active time: nobody is told that a closed market is silent.
"""

import math

import numpy as np

from models.compiled import kernel
from stream.core.market.breaches import Notes, note
from stream.core.market.codes import STALE
from stream.core.market.feed import distrust
from stream.core.market.figures import read_figures
from stream.core.market.limits import Limits
from stream.core.market.row import Row, Rows
from stream.wire.columns import Ints

WATERMARK, ACTIVE, CHECK = range(3)  # places in the clock: event time; active ms; active ms at which to look again

_USUAL_GAPS = 20.0  # a symbol is silent beyond so many of its own usual gaps,
_LONG_GAPS = 3.0  # and so many times the longest of late, and beyond ``stale_seconds``
_LONG_MEMORY_MS = 5_200_000.0  # of the longest gap: half of it counts after an hour
_MIN_TICKS = 10
_GAP_MEMORY = 16  # ticks that the usual gap remembers


def new_clock(watermark: int = 0, active: int = 0) -> Ints:
    """Make a clock; ``CHECK`` at 0 makes the first tick look at every symbol, which changes no result."""
    return np.array([watermark, active, 0], np.int64)


@kernel
def advance(clock: Ints, at: int, break_ms: int) -> None:
    """Move the watermark on to a newer event time."""
    step = at - clock[WATERMARK]
    clock[WATERMARK] = at
    if step <= break_ms:
        clock[ACTIVE] += step


@kernel
def beat(row: Row, clock: Ints) -> None:
    """Take note that a symbol is alive and how long it was silent."""
    if row["ticks"] > 1:
        gap = float(clock[ACTIVE] - row["active"])
        row["usual_gap"] += (gap - row["usual_gap"]) / _GAP_MEMORY
        row["long_gap"] = max(gap, row["long_gap"] * math.exp(-gap / _LONG_MEMORY_MS))
    row["active"] = clock[ACTIVE]
    row["stale"] = 0


@kernel
def find_stale(rows: Rows, used: int, limits: Limits, clock: Ints, tick: int, dirty: Ints, notes: Notes) -> int:
    """Note every symbol that has been silent too long, once per silence; returns the count of notes.

    rows, used  the table and how many rows of it stand
    tick        place in the batch of the tick that moved the clock
    notes       (>= used,)
    """
    count = 0
    clock[CHECK] = clock[ACTIVE] + limits.stale_ms  # no tick to come can bring a deadline before that
    for k in range(used):
        row = rows[k]
        if row["stale"] or row["ticks"] < _MIN_TICKS:
            continue
        patience = max(float(limits.stale_ms), _USUAL_GAPS * row["usual_gap"], _LONG_GAPS * row["long_gap"])
        silence = float(clock[ACTIVE] - row["active"])
        if silence < patience:
            clock[CHECK] = min(clock[CHECK], row["active"] + math.ceil(patience))
            continue
        row["stale"] = 1
        dirty[k] = 1
        measured = (silence / 1000.0, patience / 1000.0)
        usual = row["usual_gap"] / 1000.0
        count = note(row, limits, notes, count, STALE, clock[WATERMARK], measured, silence / 1000.0, usual)
        entry = notes[count - 1]
        entry["tick"] = tick
        entry["row"] = k
        entry["at"] = clock[WATERMARK]
        entry["untrusted"] = distrust(row, clock[WATERMARK])
        read_figures(row, limits, clock[WATERMARK], entry["figures"])
    return count
