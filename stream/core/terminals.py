"""The terminals of one partition: 30 days of payments and verdicts each, their features, and their stored rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel
from stream.core.arena import Arena, horizon_for
from stream.core.fraud_runs import RUN_FIELDS, RUN_WORDS, get_run, payment_marks, put_run, run_words
from stream.core.keys import name_hashes
from stream.core.layout import Layout
from stream.core.names import TERMINAL_FEATURES
from stream.core.rings import Row, Rows, Words, copy_in, copy_out, get_long, put_long
from stream.core.rows import RowTable
from stream.core.shuffle import PAYMENT
from stream.core.terminal_features import PAYMENT_WIDTH, POSITION_FIELDS, SUM_FIELDS, VERDICT_WIDTH, apply_events
from stream.errors import StateError
from stream.wire.columns import Floats, Ints, Matrix

_COUNTS = (7, 12)  # places in the header
_RUN = 17
_HEADER = _RUN + RUN_WORDS  # layout, seq (2), origin (2), next offset (2), count, newest (2), total (2) of both rings


def _from_first(body: bytes) -> bytes:
    """Layout 1 stored no run of frauds, which its verdicts tell, and no marks, which nothing tells any more."""
    words = np.frombuffer(body, "<u4")  # without the number of the layout, hence one less to every place
    paid, judged = (int(words[place - 1]) for place in _COUNTS)
    newest, total = (int(words[_COUNTS[1] + part : _COUNTS[1] + part + 2].view("<i8")[0]) for part in (0, 2))
    verdicts = words[_RUN - 1 + 3 * paid :]
    at = newest - (newest - verdicts[:judged].astype(np.int64)) % 2**32
    fraud = np.diff(np.append(verdicts[judged : 2 * judged], np.uint32(total % 2**32))) != 0
    payments = (words[_RUN - 1 : _RUN - 1 + 3 * paid], np.zeros(paid, "<u4"))
    return np.concatenate((words[: _RUN - 1], run_words(at, fraud), *payments, verdicts)).tobytes()


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

    LAYOUT = Layout("terminals row", _from_first)

    def __init__(self, *, max_history: int, max_late_ms: int) -> None:
        horizon_ms = horizon_for(max_late_ms)
        fields = [*POSITION_FIELDS, *SUM_FIELDS]
        self._payments = Arena(PAYMENT_WIDTH, fields, max_history=max_history, horizon_ms=horizon_ms)
        self._verdicts = Arena(
            VERDICT_WIDTH, [*RUN_FIELDS, *SUM_FIELDS], max_history=max_history, horizon_ms=horizon_ms
        )
        super().__init__(self._payments, self._verdicts, horizon_ms=horizon_ms)

    def apply(
        self,
        *,
        kind: Ints,
        at: Ints,
        amount: Ints,
        terminal: Sequence[str],
        seq: Ints,
        origin: Ints,
        offset: Ints,
        id: Sequence[str],  # noqa: A002  # the name it has everywhere
        ratio: Floats,
    ) -> TerminalColumns:
        """Compute each payment's features from what was known before it; then remember it, or the verdict.

        kind                 (n,) ``PAYMENT`` or ``VERDICT``
        at                   (n,) epoch ms: of the payment, or when the verdict was known
        amount               (n,) minor units of a payment; 1 for a verdict of fraud, 0 for one of none
        seq, origin, offset  (n,) position in the order of processing: one at or before its row's last is not fresh;
                             seq is epoch ms, at or after ``at``. A straggler further behind it than ``max_late_ms``
                             sees its windows cut short where history ends for everyone
        id                   n  of the payment; a verdict's own is that of the payment it is about
        ratio                (n,) amount over the customer's own mean, nan for unknown; of a verdict not read
        """
        n = len(terminal)
        columns = TerminalColumns(features=np.zeros((n, len(TERMINAL_FEATURES))), fresh=np.zeros(n, bool))
        if n == 0:
            return columns
        which = self._rows_of(terminal)
        is_payment = kind == PAYMENT
        for arena, rows in ((self._payments, which[is_payment]), (self._verdicts, which[~is_payment])):
            arena.make_room(rows, np.zeros_like(rows))  # earlier ones of the other kind see what they make old
        self.overflowed += apply_events(
            self._payments.rows,
            self._payments.words,
            self._verdicts.rows,
            self._verdicts.words,
            which,
            is_payment,
            at,
            amount,
            payment_marks(name_hashes(id), ratio),
            (seq, origin, offset),
            self._payments.max_history,
            self._payments.horizon_ms,
            columns.features,
            columns.fresh,
            self._dirty,
        )
        self._newest = max(self._newest, int(seq.max()))
        return columns

    def seq_of(self, terminal: str) -> int:
        """Place in time of the last event applied to a terminal, epoch ms; 0 for one that is not known."""
        row = self._index.get(terminal)
        return 0 if row is None else int(self._payments.rows["seq"][row])

    def _pack(self, rows: Ints) -> tuple[Words, Ints]:
        payments, verdicts = self._payments, self._verdicts
        ends = np.cumsum(_sizes(*(arena.rows["count"][rows].astype(np.int64) for arena in (payments, verdicts))))
        words = np.empty(ends[-1] if ends.size else 0, np.uint32)
        _pack(payments.rows, payments.words, verdicts.rows, verdicts.words, rows, self.LAYOUT.number, words)
        return words, ends

    def _unpack(self, rows: Ints, words: Words, begins: Ints, sizes: Ints) -> None:
        last = words.size - 1
        counts = [words[np.minimum(begins + place, last)].astype(np.int64) for place in _COUNTS]
        if (sizes != _sizes(*counts)).any():
            raise StateError(self.LAYOUT.kind, "as many words as its counts say", "cut short or too long")
        payments, verdicts = self._payments, self._verdicts
        for arena, count in zip((payments, verdicts), counts, strict=True):
            kept = np.minimum(count, arena.max_history)
            self.overflowed += int((count - kept).sum())
            arena.make_blocks(rows, kept)
        limit = payments.max_history
        _unpack(payments.rows, payments.words, verdicts.rows, verdicts.words, rows, words, begins, limit)


def _sizes(payments: Ints, verdicts: Ints) -> Ints:
    """Words of rows that hold so many."""
    return _HEADER + PAYMENT_WIDTH * payments + VERDICT_WIDTH * verdicts


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
        put_run(out, place + _RUN, verdicts[which[i]])
        place = copy_out(row, payment_words, PAYMENT_WIDTH, out, place + _HEADER)
        place = copy_out(verdicts[which[i]], verdict_words, VERDICT_WIDTH, out, place)


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
        get_run(values, place + _RUN, verdicts[which[i]])
        body = _get_ring(row, payment_words, PAYMENT_WIDTH, values, place + _COUNTS[0], place + _HEADER, limit)
        _get_ring(verdicts[which[i]], verdict_words, VERDICT_WIDTH, values, place + _COUNTS[1], body, limit)


@kernel
def _put_ring(out: Words, place: int, row: Row) -> None:
    out[place] = row["count"]
    put_long(out, place + 1, row["newest"])
    put_long(out, place + 3, row["total"])


@kernel
def _get_ring(row: Row, words: Words, width: int, values: Words, place: int, body: int, limit: int) -> int:
    row["newest"] = get_long(values, place + 1)
    row["total"] = get_long(values, place + 3)
    return copy_in(row, words, width, values, body, np.int64(values[place]), limit)
