"""The customers of one partition: 30 days of payments each, their features, and their stored rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel
from stream.core.arena import Arena, horizon_for
from stream.core.customer_features import CUSTOMER_FIELDS, MARK_WIDTH, WIDTH, apply_payments
from stream.core.keys import name_hashes
from stream.core.layout import Layout
from stream.core.names import CUSTOMER_FEATURES
from stream.core.rings import Rows, Words, copy_in, copy_out, get_long, put_long
from stream.core.rows import RowTable
from stream.errors import StateError
from stream.wire.columns import Ints, Matrix, Payments

_HEADER = 7  # words: layout, payments, marks, newest (2), next offset (2)
_SPREAD = np.uint32(0x9E3779B1)  # odd, far from any pattern: Knuth's multiplicative hash


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerColumns:
    """What was known of each payment's customer before it.

    features   (n, CUSTOMER_FEATURES) unspecified where not fresh or a duplicate
    fresh      (n,) False: applied before, nothing changed
    duplicate  (n,) True: the same payment (time, amount, terminal, id) came before, within ``max_late_ms``
    """

    features: Matrix
    fresh: NDArray[np.bool_]
    duplicate: NDArray[np.bool_]


class CustomerTable(RowTable):
    """Rows of customers.

    max_history  payments remembered of one customer; beyond it the oldest goes and ``overflowed`` rises
    max_late_ms  how far behind its customer's newest payment one may come: up to it its windows are whole and
                 duplicates are known
    Raises SettingsError for a lateness of more than 19 days.
    """

    LAYOUT = Layout("customers row")

    def __init__(self, *, max_history: int, max_late_ms: int) -> None:
        horizon_ms = horizon_for(max_late_ms)
        self._payments = Arena(WIDTH, CUSTOMER_FIELDS, max_history=max_history, horizon_ms=horizon_ms)
        self._marks = Arena(MARK_WIDTH, [], max_history=max_history, horizon_ms=max_late_ms)
        super().__init__(self._payments, self._marks, horizon_ms=horizon_ms)
        self._scratch = np.empty(16 * max_history, np.uint32)

    def apply(self, batch: Payments) -> CustomerColumns:
        """Compute each payment's features from what was known before it, then remember it, in the batch's order."""
        n = len(batch)
        columns = CustomerColumns(
            features=np.zeros((n, len(CUSTOMER_FEATURES))), fresh=np.zeros(n, bool), duplicate=np.zeros(n, bool)
        )
        if n == 0:
            return columns
        which = self._rows_of(batch.customer)
        amount, terminal = batch.amount.astype(np.uint32), name_hashes(batch.terminal)
        name = name_hashes(batch.id) * _SPREAD + amount * _SPREAD**3 + terminal * _SPREAD**5
        payments, marks = self._payments, self._marks
        payments.make_room(which, batch.at)
        marks.make_room(which, batch.at)
        self.overflowed += apply_payments(
            payments.rows,
            payments.words,
            marks.rows,
            marks.words,
            which,
            batch.offset,
            batch.at,
            np.stack((amount, terminal, name)),
            payments.max_history,
            (payments.horizon_ms, marks.horizon_ms),
            self._scratch,
            columns.features,
            columns.fresh,
            columns.duplicate,
            self._dirty,
        )
        self._newest = max(self._newest, int(batch.at.max()))
        return columns

    def _pack(self, rows: Ints) -> tuple[Words, Ints]:
        payments, marks = self._payments, self._marks
        sizes = _sizes(payments.rows["count"][rows].astype(np.int64), marks.rows["count"][rows].astype(np.int64))
        words = np.empty(sizes.sum(), np.uint32)
        _pack(payments.rows, payments.words, marks.rows, marks.words, rows, self.LAYOUT.number, words)
        return words, np.cumsum(sizes)

    def _unpack(self, rows: Ints, words: Words, begins: Ints, sizes: Ints) -> None:
        counts = [words[np.minimum(begins + place, words.size - 1)].astype(np.int64) for place in (1, 2)]
        if (sizes != _sizes(*counts)).any():
            raise StateError(self.LAYOUT.kind, "as many words as its counts say", "cut short or too long")
        payments, marks = self._payments, self._marks
        kept = [np.minimum(count, payments.max_history) for count in counts]
        self.overflowed += int((counts[0] - kept[0]).sum())
        payments.make_blocks(rows, kept[0])
        marks.make_blocks(rows, kept[1])
        limit = payments.max_history
        _unpack(payments.rows, payments.words, marks.rows, marks.words, rows, words, begins, limit)


def _sizes(payments: Ints, marks: Ints) -> Ints:
    """Words of rows that hold so many."""
    return _HEADER + WIDTH * payments + MARK_WIDTH * marks


@kernel
def _pack(rows: Rows, words: Words, marks: Rows, mark_words: Words, which: Ints, layout: int, out: Words) -> None:
    place = 0
    for i in range(which.size):
        row, mark = rows[which[i]], marks[which[i]]
        out[place] = layout
        out[place + 1] = row["count"]
        out[place + 2] = mark["count"]
        put_long(out, place + 3, row["newest"])
        put_long(out, place + 5, row["next_offset"])
        place = copy_out(row, words, WIDTH, out, place + _HEADER)
        place = copy_out(mark, mark_words, MARK_WIDTH, out, place)


@kernel
def _unpack(
    rows: Rows, words: Words, marks: Rows, mark_words: Words, which: Ints, values: Words, begins: Ints, limit: int
) -> None:
    for i in range(which.size):
        row, mark = rows[which[i]], marks[which[i]]
        place = begins[i]
        row["newest"] = mark["newest"] = get_long(values, place + 3)
        row["next_offset"] = get_long(values, place + 5)
        end = copy_in(row, words, WIDTH, values, place + _HEADER, np.int64(values[place + 1]), limit)
        copy_in(mark, mark_words, MARK_WIDTH, values, end, np.int64(values[place + 2]), limit)
