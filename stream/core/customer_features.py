"""The kernel of a customer's features: what was known before each payment, and then the payment remembered.

A customer has two rings: the payments (time, amount in minor units, hash of the terminal) for as long as windows need
them, and their marks (time, hash of all that names a payment) for as long as one delivered twice may still come.
"""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel
from stream.core.exact import sample_deviation, twice_median
from stream.core.names import CUSTOMER_FEATURES, DAY_MS, HOUR_MS
from stream.core.rings import MASK, Row, Rows, Words, column, evict, first_at_or_after, insert, time_at
from stream.wire.columns import Floats, Ints, Matrix

WIDTH = 3
MARK_WIDTH = 2
CUSTOMER_FIELDS = [("next_offset", "i8")]
_COUNT, _SUM, _MEAN, _STD = (CUSTOMER_FEATURES.index(f"customer_{name}_1h") for name in ("count", "sum", "mean", "std"))
_RATIO = CUSTOMER_FEATURES.index("amount_ratio")  # then robust z, seconds since the last, distinct terminals
_CLOCK = CUSTOMER_FEATURES.index("hour_sin")  # then its cosine and those of the weekday
_SHORT_RATIO = CUSTOMER_FEATURES.index("amount_ratio_1d")  # then that of 7 days, to the median, and the three peaks
Counts: TypeAlias = tuple[np.int64, np.int64, np.int64, np.int64, np.int64, np.int64]
_AHEAD = 16  # customers fetched together
_LINE = 16  # words in a cache line
_MINOR = 100.0  # units in a currency unit
_THURSDAY = 3  # 1 January 1970, Monday 0


@kernel
def apply_payments(
    rows: Rows,
    words: Words,
    marks: Rows,
    mark_words: Words,
    which: Ints,
    offset: Ints,
    at: Ints,
    payment: Words,
    limit: int,
    horizons: tuple[int, int],
    scratch: Words,
    features: Matrix,
    fresh: NDArray[np.bool_],
    duplicate: NDArray[np.bool_],
    dirty: NDArray[np.bool_],
) -> int:
    """Compute the features of each payment and remember it; returns how many payments an overflow pushed out.

    rows, marks       state with its words, changed in place; there is room for every payment
    which, offset, at (n,) row, offset and epoch ms of each payment, in the order of processing
    payment           (3, n) amount, hash of the terminal, hash of all that names it
    limit, horizons   payments kept of a customer; ms behind its newest for which they and their marks are
    scratch           (>= 16 limit,) any content
    features          (n, CUSTOMER_FEATURES) written where fresh and no duplicate
    fresh, duplicate  (n,) written; all False before
    dirty             (rows,) set where a row changed
    """
    overflowed = 0
    for i in range(which.size):
        if i % _AHEAD == 0:
            _fetch(rows, words, which[i : i + _AHEAD], scratch)
        row = rows[which[i]]
        if offset[i] < row["next_offset"]:
            continue
        row["next_offset"] = offset[i] + 1
        fresh[i] = True
        dirty[which[i]] = True
        if not _mark(marks[which[i]], mark_words, at[i], payment[2, i], limit, horizons[1]):
            duplicate[i] = True
            continue
        lead = max(row["newest"], at[i])
        evict(row, words, lead - horizons[0])
        place = column(row, 0)
        newer, as_new, hour, day, week, month = _count_ages(words[place : place + row["count"]], lead, lead - at[i])
        count = row["count"]
        begins = (count - hour, count - day, count - week, count - month)
        _describe(row, words, begins, count - as_new, at[i], np.int64(payment[0, i]), scratch, features[i])
        if lead - at[i] <= horizons[0]:
            overflowed += row["count"] >= limit
            place = insert(row, words, WIDTH, count - newer, at[i], limit)
            for c in range(WIDTH - 1 if place >= 0 else 0):
                words[place + (c + 1) * row["capacity"]] = payment[c, i]
    return overflowed


@kernel
def _fetch(rows: Rows, words: Words, which: Ints, scratch: Words) -> None:
    """Touch the payments of some customers: memory delivers many at once sooner than one after another."""
    seen = np.uint32(0)
    for i in range(which.size):
        row = rows[which[i]]
        for c in range(WIDTH):
            place = column(row, c)
            for j in range(place, place + row["count"], _LINE):
                seen |= words[j]
    scratch[0] = seen  # so that no compiler leaves it out


@kernel
def _mark(row: Row, words: Words, at: int, name: np.uint32, limit: int, horizon: int) -> bool:
    """Remember that a payment came; False where one of the same time and name did before."""
    lead = max(row["newest"], at)
    evict(row, words, lead - horizon)
    index = first_at_or_after(row, words, at, row["count"])
    place = column(row, 0)
    while index < row["count"] and time_at(row, words, place + index) == at:
        if words[place + row["capacity"] + index] == name:
            return False
        index += 1
    if lead - at <= horizon:
        place = insert(row, words, MARK_WIDTH, index, at, limit)
        if place >= 0:
            words[place + row["capacity"]] = name
    return True


@kernel
def _count_ages(times: Words, lead: int, late: int) -> Counts:
    """Count the entries newer than the event, not older, and not older than each window's begin.

    times  (count,) modulo 2**32
    lead   epoch ms at or after all of them; ``late`` ms after the event
    """
    newest = np.uint32(lead & MASK)
    reach = min(late, MASK - 30 * DAY_MS)  # further behind than anything kept: all are newer
    zero = np.uint32(reach)
    hour, day = np.uint32(reach + HOUR_MS), np.uint32(reach + DAY_MS)
    week, month = np.uint32(reach + 7 * DAY_MS), np.uint32(reach + 30 * DAY_MS)
    a, b, c, d, e, f = np.uint32(0), np.uint32(0), np.uint32(0), np.uint32(0), np.uint32(0), np.uint32(0)
    for i in range(times.size):
        age = np.uint32(newest - times[i])
        a = np.uint32(a + np.uint32(age < zero))
        b = np.uint32(b + np.uint32(age <= zero))
        c = np.uint32(c + np.uint32(age <= hour))
        d = np.uint32(d + np.uint32(age <= day))
        e = np.uint32(e + np.uint32(age <= week))
        f = np.uint32(f + np.uint32(age <= month))
    return np.int64(a), np.int64(b), np.int64(c), np.int64(d), np.int64(e), np.int64(f)


@kernel
def _describe(
    row: Row,
    words: Words,
    begins: tuple[int, int, int, int],
    end: int,
    at: int,
    amount: int,
    scratch: Words,
    out: Floats,
) -> None:
    """Write the features of a payment whose windows are the entries ``begins[w] … end``."""
    amounts = column(row, 1)
    count, total, high, low, peak = np.int64(0), np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    segment_end = end
    for w in range(4):
        segment = words[amounts + begins[w] : amounts + segment_end]
        segment_end = begins[w]
        count += segment.size
        for j in range(segment.size):
            square = np.int64(segment[j]) * np.int64(segment[j])
            total += np.int64(segment[j])
            high += square >> 32
            low += square & MASK
            peak = max(peak, np.int64(segment[j]))
        out[_COUNT + w] = count
        out[_SUM + w] = total / _MINOR
        out[_MEAN + w] = total / count / _MINOR if count else math.nan
        out[_STD + w] = sample_deviation(count, total, high, low) / _MINOR
        ratio = _RATIO if w == 3 else _SHORT_RATIO + w - 1
        if w > 0:
            out[ratio] = amount * count / total if total else math.nan  # only card checks: nothing to compare with
            out[_SHORT_RATIO + 2 + w] = peak if count else math.nan  # over the median, once that is known
    out[0] = amount / _MINOR
    out[_RATIO + 1 : _RATIO + 3] = math.nan
    out[_RATIO + 3] = 0.0
    out[_SHORT_RATIO + 2] = math.nan
    if count:
        month = words[amounts + begins[3] : amounts + end]
        terminals = column(row, 2)
        twice = twice_median(month)
        out[_RATIO + 1] = _robust_z(amount, month, twice, scratch)
        out[_RATIO + 2] = (at - time_at(row, words, column(row, 0) + end - 1)) / 1000.0
        out[_RATIO + 3] = _distinct(words[terminals + begins[3] : terminals + end], scratch)
        median = max(twice / 2.0, 1.0)
        out[_SHORT_RATIO + 2] = amount / median
        for w in range(3):
            out[_SHORT_RATIO + 3 + w] /= median
    hour = 2.0 * math.pi * (at % DAY_MS) / DAY_MS  # the time of day, without steps
    weekday = 2.0 * math.pi * ((at // DAY_MS + _THURSDAY) % 7) / 7.0
    out[_CLOCK], out[_CLOCK + 1] = math.sin(hour), math.cos(hour)
    out[_CLOCK + 2], out[_CLOCK + 3] = math.sin(weekday), math.cos(weekday)


@kernel
def _robust_z(amount: int, amounts: Words, twice: int, scratch: Words) -> float:
    """Distance of an amount from the median of others in robust deviations, at least a minor unit each.

    twice  of the median
    Source: Iglewicz & Hoaglin (1993), with 1.4826 MAD as the deviation of a normal distribution.
    """
    for j in range(amounts.size):
        scratch[j] = np.uint32(abs(2 * np.int64(amounts[j]) - twice))
    median = twice / 2.0
    deviation = 1.4826 * twice_median(scratch[: amounts.size]) / 4.0  # halves of twice the distances
    return (amount - median) / max(deviation, 0.01 * median, 1.0)


@kernel
def _distinct(values: Words, scratch: Words) -> int:
    """Count different values by an open hash table in ``scratch``."""
    size = 8
    while (
        size < 8 * values.size
    ):  # so sparse that the next place is hardly ever needed: a branch the processor foresees
        size *= 2
    scratch[:size] = 0
    count = 0
    for j in range(values.size):
        value = max(values[j], np.uint32(1))  # 0 marks a free place
        place = np.int64(value) & (size - 1)
        while scratch[place] != 0 and scratch[place] != value:
            place = (place + 1) & (size - 1)
        count += scratch[place] == 0
        scratch[place] = value
    return count
