"""The kernel of a terminal's features: counts and sums over sliding windows, in the logarithm of the history.

Payments and verdicts have a ring each. An entry is a time and the running sum before it (64 bits in two words), so a
window is two searches and a difference; a late entry adds itself to the sums behind it. A payment's entry also bears
the mark by which its verdict finds it (``stream.core.fraud_runs``).
"""

import math

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel
from stream.core.fraud_runs import (
    FORGOTTEN,
    NO_RATIO,
    RATIO_BITS,
    RATIO_MASK,
    begin_run,
    describe_run,
    hear_verdict,
)
from stream.core.names import DAY_MS, HOUR_MS, TERMINAL_FEATURES
from stream.core.rings import Row, Rows, Words, column, evict, first_at_or_after, get_split, insert, put_split, time_at
from stream.wire.columns import Floats, Ints, Matrix

PAYMENT_WIDTH = 4
VERDICT_WIDTH = 3
SUM_FIELDS = [("total", "i8")]  # running sum behind the newest entry, modulo 2**64
POSITION_FIELDS = [("seq", "i8"), ("origin", "i8"), ("next_offset", "i8")]
_SPANS = (HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS)
_COUNT, _MEAN, _SHARE = (TERMINAL_FEATURES.index(f"terminal_{name}_1h") for name in ("count", "mean", "fraud_share"))


@kernel
def apply_events(
    payments: Rows,
    payment_words: Words,
    verdicts: Rows,
    verdict_words: Words,
    which: Ints,
    is_payment: NDArray[np.bool_],
    at: Ints,
    amount: Ints,
    mark: Words,
    position: tuple[Ints, Ints, Ints],
    limit: int,
    horizon: int,
    features: Matrix,
    fresh: NDArray[np.bool_],
    dirty: NDArray[np.bool_],
) -> int:
    """Compute the features of each payment, remember payments and verdicts; returns how many an overflow pushed out.

    payments, verdicts  state with their words, changed in place; there is room for every event
    which, at           (n,) row and epoch ms, in the order of processing
    amount              (n,) minor units of a payment; 1 for a verdict of fraud, 0 for one of none
    mark                (n,) of a payment by ``payment_marks``, of a verdict the one of its payment
    position            seq (epoch ms, at or after ``at``, never falls), origin and offset, (n,) each
    limit, horizon      entries kept in a ring; ms behind its newest for which they are
    features            (n, TERMINAL_FEATURES) written for fresh payments
    fresh               (n,) written; all False before
    dirty               (rows,) set where a row changed
    """
    overflowed = 0
    for i in range(which.size):
        row = payments[which[i]]
        seq, origin, offset = position[0][i], position[1][i], position[2][i]
        if (seq, origin, offset) < (row["seq"], row["origin"], row["next_offset"]):
            continue
        row["seq"], row["origin"], row["next_offset"] = seq, origin, offset + 1
        fresh[i] = True
        dirty[which[i]] = True
        verdict = verdicts[which[i]]
        if is_payment[i]:
            _measure(
                row,
                payment_words,
                at[i],
                seq - horizon,
                100.0,
                features[i, _COUNT : _COUNT + 4],
                features[i, _MEAN : _MEAN + 4],
            )
            share = features[i, _SHARE : _SHARE + 4]
            _measure(verdict, verdict_words, at[i], seq - horizon, 1.0, np.empty(4), share)
            describe_run(verdict, at[i], verdict["newest"] >= seq - horizon, features[i])
            overflowed += _remember(row, payment_words, PAYMENT_WIDTH, at[i], amount[i], mark[i], limit, horizon)
        else:
            if verdict["newest"] < seq - horizon:  # as if it had been forgotten, whether or not it was
                begin_run(verdict)
            if verdict["newest"] - at[i] <= horizon:
                paid, code = _find(row, payment_words, mark[i], seq - horizon) if amount[i] else (FORGOTTEN, NO_RATIO)
                hear_verdict(verdict, at[i], amount[i], paid, code)
            overflowed += _remember(
                verdict, verdict_words, VERDICT_WIDTH, at[i], amount[i], np.uint32(0), limit, horizon
            )
    return overflowed


@kernel
def _find(row: Row, words: Words, mark: np.uint32, floor: int) -> tuple[np.int64, np.int64]:
    """Find a payment by its mark, the newest first: its amount in minor units and the code of its ratio.

    floor  epoch ms from which on payments are still kept for sure
    """
    place, capacity, later = column(row, 0), row["capacity"], row["total"]
    for index in range(row["count"] - 1, -1, -1):
        if time_at(row, words, place + index) < floor:
            break
        before = get_split(words, place + capacity + index, capacity)
        found = words[place + 3 * capacity + index]
        if found >> RATIO_BITS == mark >> RATIO_BITS:
            return np.int64(later - before), np.int64(found & RATIO_MASK)
        later = before
    return np.int64(FORGOTTEN), np.int64(NO_RATIO)


@kernel
def _measure(row: Row, words: Words, at: int, floor: int, unit: float, counts: Floats, means: Floats) -> None:
    """Write count and mean (in ``unit``; nan for none) over each window ``[at - span, at)``.

    floor  epoch ms from which on history is still kept for sure, whether or not a silent terminal was forgotten
    """
    end = first_at_or_after(row, words, at, row["count"])
    last = _sum_before(row, words, end)
    begin = end
    for w in range(4):
        begin = first_at_or_after(row, words, max(at - _SPANS[w], floor), begin)
        count = end - begin
        counts[w] = count
        means[w] = (last - _sum_before(row, words, begin)) / count / unit if count else math.nan


@kernel
def _sum_before(row: Row, words: Words, index: int) -> int:
    if index == row["count"]:
        return row["total"]
    return get_split(words, column(row, 1) + index, row["capacity"])


@kernel
def _remember(
    row: Row, words: Words, width: int, at: int, amount: int, mark: np.uint32, limit: int, horizon: int
) -> int:
    """Put an entry in its place; returns 1 where the oldest had to go for it, else 0.

    width  words of an entry; the fourth, if there is one, becomes ``mark``
    """
    lead = max(row["newest"], at)
    evict(row, words, lead - horizon)
    if lead - at > horizon:
        return 0
    index = first_at_or_after(row, words, at + 1, row["count"])
    before = _sum_before(row, words, index)
    full = row["count"] >= limit
    place = insert(row, words, width, index, at, limit)
    if place >= 0:
        end = column(row, 0) + row["count"]
        capacity = row["capacity"]
        put_split(words, place + capacity, capacity, before)
        for later in range(place + 1, end):
            put_split(words, later + capacity, capacity, get_split(words, later + capacity, capacity) + amount)
        row["total"] += amount
        if width == PAYMENT_WIDTH:
            words[place + 3 * capacity] = mark
    return int(full)
