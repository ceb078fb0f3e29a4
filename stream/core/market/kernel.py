"""The walk of a batch of ticks over the rows of their symbols, in offset order: the hot loop of market risk."""

from typing import NamedTuple

from models.compiled import kernel
from stream.core.market.breaches import PER_TICK, Notes, judge_screening
from stream.core.market.clock import ACTIVE, CHECK, WATERMARK, advance, beat
from stream.core.market.codes import (
    APPLIED,
    BAD_PRICE,
    CADENCE,
    CROSSED,
    LATE,
    OUTLIER,
    OVERFLOWED,
    REPEATED,
    SCORED,
    SILENT,
    WIDE,
)
from stream.core.market.feed import distrust, judge_clock, judge_crossing, judge_repeats, number
from stream.core.market.figures import read_figures
from stream.core.market.limits import Limits
from stream.core.market.quotes import take_quote
from stream.core.market.row import Row, Rows
from stream.core.market.trades import take_trade
from stream.wire.columns import Floats, Ints


class Columns(NamedTuple):
    """The columns of a batch as the kernel takes them; ``key`` is the symbol's row, -1 where the table is full."""

    key: Ints
    offset: Ints
    at: Ints
    is_trade: Ints
    price: Floats
    size: Floats
    side: Ints
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    sequence: Ints
    produced: Ints


@kernel
def walk(
    rows: Rows, columns: Columns, start: int, limits: Limits, clock: Ints, fate: Ints, dirty: Ints, notes: Notes
) -> tuple[int, int]:
    """Apply ticks from ``start`` on until the batch ends, the notes are full, or it is time to look for silence.

    rows, clock, dirty  changed in place
    fate                (n,) what became of each tick: a code of ``codes``
    notes               (>= PER_TICK,) filled from the front
    -> the next tick to apply, which has moved the clock already if silence must be looked for; the count of notes
    """
    count = 0
    for i in range(start, columns.key.size):
        at = columns.at[i]
        if at < clock[WATERMARK] - limits.late_ms:
            fate[i] = LATE
            continue
        if at > clock[WATERMARK]:
            advance(clock, at, limits.break_ms)
            if clock[ACTIVE] >= clock[CHECK]:
                return i, count
        k = columns.key[i]
        if k < 0:
            fate[i] = OVERFLOWED
            continue
        if columns.offset[i] <= rows[k]["last_offset"]:
            fate[i] = APPLIED
            continue
        if count + PER_TICK > notes.size:
            return i, count
        before = count
        dirty[k] = 1
        fate[i], count = _apply(rows[k], columns, i, limits, clock, notes, count)
        for j in range(before, count):
            _complete(rows[k], limits, notes, j, at, i, k)
    return columns.key.size, count


@kernel
def _apply(
    row: Row, columns: Columns, i: int, limits: Limits, clock: Ints, notes: Notes, count: int
) -> tuple[int, int]:
    row["last_offset"] = columns.offset[i]
    row["ticks"] += 1
    before = count
    at, again = columns.at[i], False
    if columns.is_trade[i] and columns.sequence[i] > 0:
        again, count = number(row, limits, notes, count, at, columns.sequence[i])
        count = judge_repeats(row, limits, notes, count, at, again)
    if again:
        fate = REPEATED
    elif columns.is_trade[i]:
        trade = (columns.price[i], columns.size[i], float(columns.side[i]))
        fate, count = take_trade(row, limits, notes, count, at, trade)
    else:
        quote = (columns.bid[i], columns.ask[i], columns.bid_size[i], columns.ask_size[i])
        fate, count = take_quote(row, limits, notes, count, at, quote)
        if fate == SCORED or fate == CROSSED:  # noqa: PLR1714, SIM109  # numba's int
            count = judge_crossing(row, limits, notes, count, at, fate == CROSSED)
    refused = fate == BAD_PRICE or fate == OUTLIER or fate == CROSSED or fate == WIDE  # noqa: PLR1714  # numba's int
    count = judge_screening(row, limits, notes, count, refused)
    count = judge_clock(row, limits, notes, count, at, columns.produced[i])
    beat(row, clock)
    if fate == SCORED and row["newest_at"] >= row["next_snapshot"]:
        row["next_snapshot"] = (row["newest_at"] // limits.snapshot_ms + 1) * limits.snapshot_ms
        if count == before:
            notes[count]["cause"] = CADENCE
            notes[count]["told"] = SILENT
            count += 1
    return fate, count


@kernel
def _complete(row: Row, limits: Limits, notes: Notes, j: int, at: int, tick: int, key: int) -> None:
    entry = notes[j]
    newest = row["newest_at"] or at  # nothing but refused ticks so far: that of the tick
    entry["tick"] = tick
    entry["row"] = key
    entry["at"] = newest
    entry["span"] = (row["bar"] - row["close_bar"]) * limits.bar_ms
    entry["untrusted"] = distrust(row, newest)
    read_figures(row, limits, newest, entry["figures"])
