"""What is refused, and why: records that are no event we take fall out of a slice one check at a time.

A refusal names field and expectation, never a value: the payload may be card data.
"""

import re
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import numpy as np

from stream.wire.cards import records_with_cards
from stream.wire.columns import Ints, Rejected
from stream.wire.events import Event, Quote
from stream.wire.records import Slice

MAX_BYTES = 64 * 1024  # an event is a few hundred bytes; more is a mistake or an attack

REASONS = frozenset(
    {
        "tombstone",  # a record without a value
        "too_large",  # over MAX_BYTES
        "not_json",  # garbage, truncated, nested too deep
        "wrong_type",  # a field is missing or of another type
        "unknown_tag",  # ``type`` names no event or version this topic takes
        "bad_id",  # empty, over 64 characters, or not printable
        "card_number",  # a card number, in whatever field
        "bad_amount",  # negative or absurd
        "bad_price",  # not positive, not finite or absurd
        "unknown_currency",
        "unknown_symbol",
        "bad_time",  # before 1990 or after 2100
        "ahead",  # event time too far ahead of the record's
        "late",  # event time too far behind the partition's newest
        "duplicate",  # delivered before: same id, time, amount and terminal
        "detector_failed",  # a detector raised, or gave no finite score
        "crashed_stage",  # a fault of ours; the record is kept for a replay
        "undelivered",  # an alert that a sink of ``weir notify`` did not take
    }
)
_BY_FIELD = {
    "at": "bad_time",
    "amount": "bad_amount",
    "price": "bad_price",
    "size": "bad_price",
    "bid": "bad_price",
    "ask": "bad_price",
    "bid_size": "bad_price",
    "ask_size": "bad_price",
    "id": "bad_id",
    "transaction": "bad_id",
    "customer": "bad_id",
    "terminal": "bad_id",
    "symbol": "bad_id",
}


class Check(NamedTuple):
    """What a field must be: all of a column at one look, and one by one where that look finds something."""

    field: str
    reason: str
    expected: str
    holds: Callable[[list[Any]], bool]  # of a column that is not empty
    is_bad: Callable[[Any], bool]


class Taken:
    """The events of a slice that still stand, their offsets and timestamps, and the refused beside them."""

    def __init__(self, records: Slice, decode: Callable[[bytes], Any]) -> None:
        self._records = records
        self._columns: dict[str, list[Any]] = {}
        self.rejected: list[Rejected] = []
        self.offset: Ints = records.offset
        self.produced: Ints = records.produced
        self.events: list[Any] = []
        values = records.values
        try:  # the normal case: every record is an event of normal size
            if values and max(map(len, values)) <= MAX_BYTES:  # type: ignore[arg-type]  # None raises TypeError
                self.events = [decode(value) for value in values]  # type: ignore[arg-type]
        except (TypeError, RecursionError, msgspec.MsgspecError, UnicodeDecodeError):
            self.events = []
        if len(self.events) != len(values):
            self._decode_each(values, decode)

    def column(self, name: str) -> list[Any]:
        """One field of all events."""
        if name not in self._columns:
            self._columns[name] = list(map(attrgetter(name), self.events))
        return self._columns[name]

    def integers(self, name: str) -> Ints:
        """One field of all events as an array."""
        return np.array(self.column(name), np.int64)

    def refuse(self, check: Check) -> None:
        """Refuse the events of which a field is not what it must be."""
        column = self.column(check.field)
        if not column or check.holds(column):
            return
        bad = [i for i, value in enumerate(column) if check.is_bad(value)]
        if bad:
            self._drop(bad, check.reason, f"{check.field}: {check.expected}")

    def refuse_names(self, *fields: str) -> None:
        """Refuse the events of which a name is not printable."""
        for name in fields:
            is_clean, is_bad = (lambda c: "".join(c).isprintable()), (lambda value: not value.isprintable())
            self.refuse(Check(name, "bad_id", "printable characters", is_clean, is_bad))

    def refuse_card_numbers(self) -> None:
        """Refuse the events whose record holds a card number: in a field we know, one we don't, or within a text."""
        values = self._records.values
        if len(self.events) != len(values):
            values = [values[i] for i in np.searchsorted(self._records.offset, self.offset).tolist()]
        bad = records_with_cards(values)  # type: ignore[arg-type]  # an event was decoded from each
        if bad:
            self._drop(bad, "card_number", "value: tokens, no card number in any field")

    def refuse_names_of_cards(self, name: str) -> None:
        """Refuse the events of which a name is a card number; elsewhere in them long numbers are usual."""
        known = {one for one in {*self.column(name)} if records_with_cards([one.encode()])}
        if known:
            bad = [i for i, one in enumerate(self.column(name)) if one in known]
            self._drop(bad, "card_number", f"{name}: no card number")

    def refuse_others(self, event: type[Event]) -> None:
        """Refuse the events of another type: it belongs on another topic."""
        if {*map(type, self.events)} - {event}:
            bad = [i for i, one in enumerate(self.events) if type(one) is not event]
            self._drop(bad, "unknown_tag", "type: a tag and version of this topic")

    def refuse_ahead(self, seconds: int) -> None:
        """Refuse the events whose time is more than ``seconds`` ahead of their record's timestamp."""
        bad = np.flatnonzero(self.integers("at") > self.produced + 1000 * seconds)
        if bad.size:
            self._drop(bad.tolist(), "ahead", f"at: at most {seconds} s ahead of the record's timestamp")

    def refuse_empty_quotes(self) -> None:
        """Refuse quotes of which both sides are absent."""
        bad = [i for i, e in enumerate(self.events) if type(e) is Quote and e.bid == 0.0 and e.ask == 0.0]
        if bad:
            self._drop(bad, "bad_price", "bid, ask: at least one side")

    def _decode_each(self, values: Sequence[bytes | None], decode: Callable[[bytes], Any]) -> None:
        events: list[Any] = []
        stand: list[int] = []
        for i, value in enumerate(values):
            refusal = _why_not(value)
            if refusal is None and value is not None:
                try:
                    events.append(decode(value))
                    stand.append(i)
                except (RecursionError, msgspec.MsgspecError, UnicodeDecodeError) as error:
                    refusal = _explain(error)
            if refusal is not None:
                self._reject(i, *refusal)
        self.events = events
        self._keep(stand)

    def _reject(self, i: int, reason: str, detail: str) -> None:
        offset = int(self.offset[i])
        value = self._records.values[int(np.searchsorted(self._records.offset, offset))]
        self.rejected.append(
            Rejected(
                topic=self._records.topic,
                partition=self._records.partition,
                offset=offset,
                produced=int(self.produced[i]),
                size=len(value or b""),
                reason=reason,
                detail=detail,
            )
        )

    def _drop(self, bad: list[int], reason: str, detail: str) -> None:
        gone = set(bad)
        for i in bad:
            self._reject(i, reason, detail)
        stand = [i for i in range(len(self.events)) if i not in gone]
        self.events = [self.events[i] for i in stand]
        self._keep(stand)

    def _keep(self, stand: list[int]) -> None:
        self.offset = self.offset[stand]
        self.produced = self.produced[stand]
        self._columns.clear()


def _why_not(value: bytes | None) -> tuple[str, str] | None:
    if value is None:
        return "tombstone", "value: an event, not null"
    if len(value) > MAX_BYTES:
        return "too_large", f"value: at most {MAX_BYTES} bytes"
    return None


def _explain(error: Exception) -> tuple[str, str]:
    """Name a decoding error by reason and field, without a value of the payload."""
    if not isinstance(error, msgspec.ValidationError):
        return "not_json", "value: one JSON object, nested at most a few levels"
    message = str(error)
    place = re.search(r" - at `\$\.?([a-z_]*)", message)
    field = place.group(1) if place else ""
    expected = re.match(r"Expected ([a-z|` <>=.\de+]+)", message)
    detail = f"{field or 'value'}: " + (
        f"expected {expected.group(1).replace('`', '').strip()}" if expected else "invalid"
    )
    missing = re.match(r"Object missing required field `([a-z_]+)`", message)
    if missing and missing.group(1) != "type":
        return "wrong_type", f"{missing.group(1)}: missing"
    if missing or field == "type":
        return "unknown_tag", "type: a tag and version of this topic"
    out_of_range = any(mark in message for mark in (">=", "<=", " < ", " > ", "of length", "out of range"))
    return (_BY_FIELD.get(field, "wrong_type") if out_of_range else "wrong_type"), detail
