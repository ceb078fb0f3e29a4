"""The customers of one partition: 30 days of payments each, their features, and their stored rows."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stream.core.arena import Arena
from stream.core.columns import Ints, Matrix, Payments
from stream.core.customer_features import CUSTOMER_FIELDS, WIDTH, apply_payments
from stream.core.keys import name_hashes
from stream.core.names import CUSTOMER_FEATURES, HOUR_MS
from stream.core.rings import Rows, Words, copy_in, copy_out, get_long, put_long
from stream.core.rows import RowTable
from stream.errors import StateError

_HEADER = 6  # words: layout, count, newest (2), next offset (2)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerColumns:
    """What was known of each payment's customer before it.

    features   (n, CUSTOMER_FEATURES) unspecified where not fresh or a duplicate
    fresh      (n,) False: applied before, nothing changed
    duplicate  (n,) True: the same payment (time, amount, terminal, id) is among those remembered
    """

    features: Matrix
    fresh: NDArray[np.bool_]
    duplicate: NDArray[np.bool_]


class CustomerTable(RowTable):
    """Rows of customers.

    max_history  payments remembered of one customer; beyond it the oldest goes and ``overflowed`` rises
    max_late_ms  how far behind its customer's newest payment one may come: up to it its windows are whole
    Raises SettingsError for a lateness of more than 19 days.
    """

    LAYOUT = 1

    def __init__(self, *, max_history: int, max_late_ms: int = HOUR_MS) -> None:
        self._arena = Arena(WIDTH, CUSTOMER_FIELDS, max_history=max_history, max_late_ms=max_late_ms)
        super().__init__(self._arena)
        self._scratch = np.empty(5 * max_history, np.uint32)

    def apply(self, batch: Payments) -> CustomerColumns:
        """Compute each payment's features from what was known before it, then remember it, in the batch's order."""
        n = len(batch)
        columns = CustomerColumns(
            features=np.zeros((n, len(CUSTOMER_FEATURES))), fresh=np.zeros(n, bool), duplicate=np.zeros(n, bool)
        )
        if n == 0:
            return columns
        which = self._rows_of(batch.customer)
        payment = np.stack((batch.amount.astype(np.uint32), name_hashes(batch.terminal), name_hashes(batch.id)))
        arena = self._arena
        arena.make_room(which, batch.at)
        self.overflowed += apply_payments(
            arena.rows,
            arena.words,
            which,
            batch.offset,
            batch.at,
            payment,
            arena.max_history,
            arena.horizon_ms,
            self._scratch,
            columns.features,
            columns.fresh,
            columns.duplicate,
            self._dirty,
        )
        self._newest = max(self._newest, int(batch.at.max()))
        return columns

    def _pack(self, rows: Ints) -> tuple[Words, Ints]:
        counts = self._arena.rows["count"][rows].astype(np.int64)
        ends = np.cumsum(_HEADER + WIDTH * counts)
        words = np.empty(ends[-1] if ends.size else 0, np.uint32)
        _pack(self._arena.rows, self._arena.words, rows, self.LAYOUT, words)
        return words, ends

    def _unpack(self, rows: Ints, words: Words, begins: Ints, sizes: Ints) -> None:
        counts = words[np.minimum(begins + 1, words.size - 1)].astype(np.int64)
        if (sizes != _HEADER + WIDTH * counts).any():
            raise StateError("customer row: expected as many words as its count says")
        kept = np.minimum(counts, self._arena.max_history)
        self.overflowed += int((counts - kept).sum())
        self._arena.make_blocks(rows, kept)
        _unpack(self._arena.rows, self._arena.words, rows, words, begins, self._arena.max_history)


@njit(cache=True)
def _pack(rows: Rows, words: Words, which: Ints, layout: int, out: Words) -> None:
    place = 0
    for i in range(which.size):
        row = rows[which[i]]
        out[place] = layout
        out[place + 1] = row["count"]
        put_long(out, place + 2, row["newest"])
        put_long(out, place + 4, row["next_offset"])
        place = copy_out(row, words, WIDTH, out, place + _HEADER)


@njit(cache=True)
def _unpack(rows: Rows, words: Words, which: Ints, values: Words, begins: Ints, limit: int) -> None:
    for i in range(which.size):
        row = rows[which[i]]
        place = begins[i]
        row["newest"] = get_long(values, place + 2)
        row["next_offset"] = get_long(values, place + 4)
        copy_in(row, words, WIDTH, values, place + _HEADER, np.int64(values[place + 1]), limit)
