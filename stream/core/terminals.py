"""The terminals of one partition: 30 days of payments and verdicts each, their features, and their stored rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel
from stream.core.arena import Arena, horizon_for
from stream.core.layout import Layout
from stream.core.names import TERMINAL_FEATURES
from stream.core.rings import Row, Rows, Words, copy_in, copy_out, get_long, put_long
from stream.core.rows import RowTable
from stream.core.shuffle import PAYMENT
from stream.core.terminal_features import POSITION_FIELDS, SUM_FIELDS, WIDTH, apply_events
from stream.errors import StateError
from stream.wire.columns import Ints, Matrix

_HEADER = 17  # words: layout, seq (2), origin (2), next offset (2), then count, newest (2), total (2) of both rings
_COUNTS = (7, 12)  # places in the header


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalColumns:
    """What was known of each payment's terminal before it.

    features  (n, TERMINAL_FEATURES) zero for verdicts and where not fresh
    fresh     (n,) False: applied before, nothing changed
    """

    features: Matrix
    fresh: NDArray[np.bool_]


class TerminalTable(RowTable):
    """Rows of terminals.

    max_history  payments, and verdicts, remembered of one terminal; beyond it the oldest goes and ``overflowed`` rises
    max_late_ms  how far behind the order of processing an event may be: up to it its windows are whole
    Raises SettingsError for a lateness of more than 19 days.
    """

    LAYOUT = Layout("terminals row")

    def __init__(self, *, max_history: int, max_late_ms: int) -> None:
        horizon_ms = horizon_for(max_late_ms)
        fields = [*POSITION_FIELDS, *SUM_FIELDS]
        self._payments = Arena(WIDTH, fields, max_history=max_history, horizon_ms=horizon_ms)
        self._verdicts = Arena(WIDTH, SUM_FIELDS, max_history=max_history, horizon_ms=horizon_ms)
        super().__init__(self._payments, self._verdicts, horizon_ms=horizon_ms)

    def apply(
        self, *, kind: Ints, at: Ints, amount: Ints, terminal: Sequence[str], seq: Ints, origin: Ints, offset: Ints
    ) -> TerminalColumns:
        """Compute each payment's features from what was known before it; then remember it, or the verdict.

        kind                 (n,) ``PAYMENT`` or ``VERDICT``
        at                   (n,) epoch ms: of the payment, or when the verdict was known
        amount               (n,) minor units of a payment; 1 for a verdict of fraud, 0 for one of none
        seq, origin, offset  (n,) position in the order of processing: one at or before its row's last is not fresh;
                             seq is epoch ms, at or after ``at``. A straggler further behind it than ``max_late_ms``
                             sees its windows cut short where history ends for everyone
        """
        n = len(terminal)
        columns = TerminalColumns(features=np.zeros((n, len(TERMINAL_FEATURES))), fresh=np.zeros(n, bool))
        if n == 0:
            return columns
        which = self._rows_of(terminal)
        is_payment = kind == PAYMENT
        self._payments.make_room(which[is_payment], at[is_payment])
        verdicts = which[~is_payment]
        self._verdicts.make_room(verdicts, np.zeros_like(verdicts))  # payments before a verdict see what it makes old
        self.overflowed += apply_events(
            self._payments.rows,
            self._payments.words,
            self._verdicts.rows,
            self._verdicts.words,
            which,
            is_payment,
            at,
            amount,
            (seq, origin, offset),
            self._payments.max_history,
            self._payments.horizon_ms,
            columns.features,
            columns.fresh,
            self._dirty,
        )
        self._newest = max(self._newest, int(seq.max()))
        return columns

    def _pack(self, rows: Ints) -> tuple[Words, Ints]:
        payments, verdicts = self._payments, self._verdicts
        counts = payments.rows["count"][rows].astype(np.int64) + verdicts.rows["count"][rows]
        ends = np.cumsum(_HEADER + WIDTH * counts)
        words = np.empty(ends[-1] if ends.size else 0, np.uint32)
        _pack(payments.rows, payments.words, verdicts.rows, verdicts.words, rows, self.LAYOUT.number, words)
        return words, ends

    def _unpack(self, rows: Ints, words: Words, begins: Ints, sizes: Ints) -> None:
        last = words.size - 1
        counts = [words[np.minimum(begins + place, last)].astype(np.int64) for place in _COUNTS]
        if (sizes != _HEADER + WIDTH * (counts[0] + counts[1])).any():
            raise StateError(self.LAYOUT.kind, "as many words as its counts say", "cut short or too long")
        payments, verdicts = self._payments, self._verdicts
        for arena, count in zip((payments, verdicts), counts, strict=True):
            kept = np.minimum(count, arena.max_history)
            self.overflowed += int((count - kept).sum())
            arena.make_blocks(rows, kept)
        limit = payments.max_history
        _unpack(payments.rows, payments.words, verdicts.rows, verdicts.words, rows, words, begins, limit)


@kernel
def _pack(
    payments: Rows, payment_words: Words, verdicts: Rows, verdict_words: Words, which: Ints, layout: int, out: Words
) -> None:
    place = 0
    for i in range(which.size):
        row = payments[which[i]]
        out[place] = layout
        put_long(out, place + 1, row["seq"])
        put_long(out, place + 3, row["origin"])
        put_long(out, place + 5, row["next_offset"])
        _put_ring(out, place + _COUNTS[0], row)
        _put_ring(out, place + _COUNTS[1], verdicts[which[i]])
        place = copy_out(row, payment_words, WIDTH, out, place + _HEADER)
        place = copy_out(verdicts[which[i]], verdict_words, WIDTH, out, place)


@kernel
def _unpack(
    payments: Rows,
    payment_words: Words,
    verdicts: Rows,
    verdict_words: Words,
    which: Ints,
    values: Words,
    begins: Ints,
    limit: int,
) -> None:
    for i in range(which.size):
        place = begins[i]
        row = payments[which[i]]
        row["seq"] = get_long(values, place + 1)
        row["origin"] = get_long(values, place + 3)
        row["next_offset"] = get_long(values, place + 5)
        body = _get_ring(row, payment_words, values, place + _COUNTS[0], place + _HEADER, limit)
        _get_ring(verdicts[which[i]], verdict_words, values, place + _COUNTS[1], body, limit)


@kernel
def _put_ring(out: Words, place: int, row: Row) -> None:
    out[place] = row["count"]
    put_long(out, place + 1, row["newest"])
    put_long(out, place + 3, row["total"])


@kernel
def _get_ring(row: Row, words: Words, values: Words, place: int, body: int, limit: int) -> int:
    row["newest"] = get_long(values, place + 1)
    row["total"] = get_long(values, place + 3)
    return copy_in(row, words, WIDTH, values, body, np.int64(values[place]), limit)
