"""Bytes to columns: a slice of records becomes a batch, and what is no event we take becomes a reason.

Every record is decoded by itself, so no two broken ones can pass for a good one together. A refusal names field and
expectation, never a value: the payload may be card data.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
import numpy as np

from stream.core.columns import Decoded, Ints, Payments, Rejected, Ticks, Verdicts
from stream.core.stage import Outgoing, Slice
from stream.settings import Settings
from stream.wire.events import DeadLetter, Event, Label, Quote, SourceRef, Trade, Transaction
from stream.wire.topics import DEAD_LETTERS

MAX_BYTES = 64 * 1024  # an event is a few hundred bytes; more is a mistake or an attack

REASONS = frozenset(
    {
        "tombstone",  # a record without a value
        "too_large",  # over MAX_BYTES
        "not_json",  # garbage, truncated, nested too deep
        "wrong_type",  # a field is missing or of another type
        "unknown_tag",  # ``type`` names no event or version this topic takes
        "bad_id",  # empty, over 64 characters, or not printable
        "card_number",  # a customer token that is a card number
        "bad_amount",  # negative or absurd
        "bad_price",  # not positive, not finite or absurd
        "unknown_currency",
        "unknown_symbol",
        "bad_time",  # before 1990 or after 2100
        "ahead",  # event time too far ahead of the record's
        "late",  # event time too far behind the partition's newest
        "duplicate",  # delivered before: same id, time, amount and terminal
        "crashed_stage",  # a fault of ours; the record is kept for a replay
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
_SIDES = {"buy": 1, "sell": -1}

E = TypeVar("E", bound=Event)
_card = msgspec.json.Decoder(Transaction | Label).decode  # of a union, so that a record without a tag is refused
_tick = msgspec.json.Decoder(Trade | Quote).decode
encode = msgspec.json.Encoder().encode


def decode_payments(records: Slice, settings: Settings) -> Decoded:
    """Decode a slice of ``transactions``; see ``REASONS`` for what is refused."""
    taken = _Taken(records, _card)
    taken.refuse("unknown_tag", "type: transaction/1", lambda e: type(e) is not Transaction)
    limits = settings.payments
    taken.refuse_strings("bad_id", ("id", "customer", "terminal"))
    taken.refuse("card_number", "customer: a token, not a card number", lambda e: _is_card_number(e.customer))
    taken.refuse("unknown_currency", f"currency: {limits.currency}", lambda e: e.currency != limits.currency)
    taken.refuse("bad_amount", f"amount: at most {limits.max_amount}", lambda e: e.amount > limits.max_amount)
    taken.refuse_ahead(limits.max_ahead_seconds)
    events = taken.events
    columns = Payments(
        partition=records.partition,
        offset=taken.offset,
        produced=taken.produced,
        at=taken.integers([e.at for e in events]),
        amount=taken.integers([e.amount for e in events]),
        id=[e.id for e in events],
        customer=[e.customer for e in events],
        terminal=[e.terminal for e in events],
    )
    return Decoded(columns=columns, rejected=taken.rejected)


def decode_verdicts(records: Slice, settings: Settings) -> Decoded:
    """Decode a slice of ``labels``."""
    taken = _Taken(records, _card)
    taken.refuse("unknown_tag", "type: label/1", lambda e: type(e) is not Label)
    taken.refuse_strings("bad_id", ("transaction", "customer", "terminal"))
    taken.refuse("card_number", "customer: a token, not a card number", lambda e: _is_card_number(e.customer))
    taken.refuse_ahead(settings.payments.max_ahead_seconds)
    events = taken.events
    columns = Verdicts(
        partition=records.partition,
        offset=taken.offset,
        produced=taken.produced,
        at=taken.integers([e.at for e in events]),
        fraud=taken.integers([e.fraud for e in events]),
        id=[e.transaction for e in events],
        customer=[e.customer for e in events],
        terminal=[e.terminal for e in events],
    )
    return Decoded(columns=columns, rejected=taken.rejected)


def decode_ticks(records: Slice, settings: Settings) -> Decoded:
    """Decode a slice of ``ticks``: trades and quotes, mixed."""
    taken = _Taken(records, _tick)
    taken.refuse_strings("bad_id", ("symbol",))
    known = frozenset(settings.market.symbols)
    if known:
        taken.refuse("unknown_symbol", "symbol: one of market.symbols", lambda e: e.symbol not in known)
    taken.refuse("bad_price", "bid, ask: at least one side", lambda e: type(e) is Quote and e.bid == e.ask == 0.0)
    taken.refuse_ahead(settings.payments.max_ahead_seconds)
    events = taken.events
    nan = float("nan")
    rows = [
        (1, e.price, e.size, _SIDES.get(e.side, 0), nan, nan, nan, nan)
        if type(e) is Trade
        else (0, nan, nan, 0, e.bid, e.ask, e.bid_size, e.ask_size)
        for e in events
    ]
    table = np.array(rows, np.float64).reshape(len(rows), 8).T
    columns = Ticks(
        partition=records.partition,
        offset=taken.offset,
        produced=taken.produced,
        at=taken.integers([e.at for e in events]),
        is_trade=table[0].astype(np.int64),
        price=np.ascontiguousarray(table[1]),
        size=np.ascontiguousarray(table[2]),
        side=table[3].astype(np.int64),
        bid=np.ascontiguousarray(table[4]),
        ask=np.ascontiguousarray(table[5]),
        bid_size=np.ascontiguousarray(table[6]),
        ask_size=np.ascontiguousarray(table[7]),
        symbol=[e.symbol for e in events],
    )
    return Decoded(columns=columns, rejected=taken.rejected)


def dead_letter(rejected: Rejected) -> Outgoing:
    """Make the record for ``dead-letters``; its id is where the refused record stands."""
    name = f"{rejected.topic}-{rejected.partition}-{rejected.offset}"
    letter = DeadLetter(
        id=name,
        reason=rejected.reason,
        detail=rejected.detail,
        source=SourceRef(topic=rejected.topic, partition=rejected.partition, offset=rejected.offset),
        produced_at=max(rejected.produced, 631_152_000_000),
        size=rejected.size,
    )
    return Outgoing(
        topic=DEAD_LETTERS.name,
        key=rejected.topic.encode(),
        value=encode(letter),
        partition=rejected.partition,
        id=name,
    )


class _Taken:
    """The events of a slice that still stand, their offsets and timestamps, and the refused beside them."""

    def __init__(self, records: Slice, decode: Callable[[bytes], Any]) -> None:
        self._records = records
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

    def _keep(self, stand: list[int]) -> None:
        self.offset = self.offset[stand]
        self.produced = self.produced[stand]

    def _drop(self, bad: Iterable[int], reason: str, detail: str) -> None:
        gone = set(bad)
        for i in sorted(gone):
            self._reject(i, reason, detail)
        stand = [i for i in range(len(self.events)) if i not in gone]
        self.events = [self.events[i] for i in stand]
        self._keep(stand)

    def refuse(self, reason: str, detail: str, is_bad: Callable[[Any], bool]) -> None:
        """Refuse the events of which ``is_bad`` holds."""
        bad = [i for i, event in enumerate(self.events) if is_bad(event)]
        if bad:
            self._drop(bad, reason, detail)

    def refuse_strings(self, reason: str, fields: tuple[str, ...]) -> None:
        """Refuse the events of which one of the fields is not printable; one look at the whole column first."""
        for name in fields:
            if not "".join([getattr(event, name) for event in self.events]).isprintable():
                bad = [i for i, event in enumerate(self.events) if not getattr(event, name).isprintable()]
                self._drop(bad, reason, f"{name}: printable characters")

    def refuse_ahead(self, seconds: int) -> None:
        """Refuse the events whose time is more than ``seconds`` ahead of their record's timestamp."""
        at = self.integers([event.at for event in self.events])
        bad = np.flatnonzero(at > self.produced + 1000 * seconds)
        if bad.size:
            self._drop(bad.tolist(), "ahead", f"at: at most {seconds} s ahead of the record's timestamp")

    @staticmethod
    def integers(values: list[int]) -> Ints:
        """Make a column."""
        return np.array(values, np.int64)


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


def _is_card_number(token: str) -> bool:
    """Tell whether a token is 15 or 16 digits that begin as cards do and pass the Luhn check (ISO/IEC 7812-1)."""
    if len(token) not in (15, 16) or not token.isdigit() or token[0] not in "23456":
        return False
    digits = [int(c) for c in reversed(token)]
    return (sum(digits[0::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[1::2])) % 10 == 0
