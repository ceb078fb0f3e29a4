"""Bytes to columns: a slice of records becomes a batch, and what is no event we take becomes a dead letter.

Every record is decoded by itself, so no two broken ones can pass for a good one together.
"""

import msgspec
import numpy as np

from stream.settings import Settings
from stream.wire.columns import Decoded, Payments, Rejected, Ticks, Verdicts
from stream.wire.events import DeadLetter, Label, Quote, SourceRef, Trade, Transaction
from stream.wire.records import Outgoing, Slice
from stream.wire.refusal import Check, Taken
from stream.wire.topics import DEAD_LETTERS

_SIDES = {"buy": 1, "sell": -1}
_card = msgspec.json.Decoder(Transaction | Label).decode  # of a union, so that a record without a tag is refused
_tick = msgspec.json.Decoder(Trade | Quote).decode
encode = msgspec.json.Encoder().encode


def decode_payments(records: Slice, settings: Settings) -> Decoded:
    """Decode a slice of ``transactions``; see ``REASONS`` for what is refused."""
    limits = settings.payments
    taken = Taken(records, _card)
    taken.refuse_others(Transaction)
    taken.refuse_names("id", "customer", "terminal")
    taken.refuse_card_numbers()
    taken.refuse(
        Check(
            "currency", "unknown_currency", limits.currency, lambda c: {*c} <= {limits.currency}, limits.currency.__ne__
        )
    )
    taken.refuse(
        Check(
            "amount",
            "bad_amount",
            f"at most {limits.max_amount}",
            lambda column: max(column) <= limits.max_amount,
            limits.max_amount.__lt__,
        )
    )
    taken.refuse_ahead(limits.max_ahead_seconds)
    columns = Payments(
        partition=records.partition,
        offset=taken.offset,
        produced=taken.produced,
        at=taken.integers("at"),
        amount=taken.integers("amount"),
        id=taken.column("id"),
        customer=taken.column("customer"),
        terminal=taken.column("terminal"),
    )
    return Decoded(columns=columns, rejected=taken.rejected)


def decode_verdicts(records: Slice, settings: Settings) -> Decoded:
    """Decode a slice of ``labels``."""
    taken = Taken(records, _card)
    taken.refuse_others(Label)
    taken.refuse_names("transaction", "customer", "terminal")
    taken.refuse_card_numbers()
    taken.refuse_ahead(settings.payments.max_ahead_seconds)
    columns = Verdicts(
        partition=records.partition,
        offset=taken.offset,
        produced=taken.produced,
        at=taken.integers("at"),
        fraud=taken.integers("fraud"),
        id=taken.column("transaction"),
        customer=taken.column("customer"),
        terminal=taken.column("terminal"),
    )
    return Decoded(columns=columns, rejected=taken.rejected)


def decode_ticks(records: Slice, settings: Settings) -> Decoded:
    """Decode a slice of ``ticks``: trades and quotes, mixed."""
    taken = Taken(records, _tick)
    taken.refuse_names("symbol")
    taken.refuse_names_of_cards("symbol")
    taken.refuse_empty_quotes()
    known = frozenset(settings.market.symbols)
    if known:
        taken.refuse(
            Check("symbol", "unknown_symbol", "one of market.symbols", known.issuperset, lambda name: name not in known)
        )
    taken.refuse_ahead(settings.payments.max_ahead_seconds)
    events = taken.events
    nan = float("nan")
    rows = [
        (1, e.price, e.size, _SIDES.get(e.side, 0), e.sequence, nan, nan, nan)
        if type(e) is Trade
        else (0, nan, nan, 0, e.bid, e.ask, e.bid_size, e.ask_size)
        for e in events
    ]
    table = np.array(rows, np.float64).reshape(len(rows), 8).T
    is_trade = table[0] == 1.0  # a trade has its number where a quote has its bid
    columns = Ticks(
        partition=records.partition,
        offset=taken.offset,
        produced=taken.produced,
        at=taken.integers("at"),
        is_trade=is_trade.astype(np.int64),
        price=np.ascontiguousarray(table[1]),
        size=np.ascontiguousarray(table[2]),
        side=table[3].astype(np.int64),
        bid=np.where(is_trade, nan, table[4]),
        ask=np.ascontiguousarray(table[5]),
        bid_size=np.ascontiguousarray(table[6]),
        ask_size=np.ascontiguousarray(table[7]),
        sequence=np.where(is_trade, table[4], 0.0).astype(np.int64),
        symbol=taken.column("symbol"),
    )
    return Decoded(columns=columns, rejected=taken.rejected)


def dead_letter(rejected: Rejected, *, partition: int | None = None) -> Outgoing:
    """Make the record for ``dead-letters``; its id is where the refused record stands.

    partition  of the stage that refuses; None: the record's own
    """
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
        partition=rejected.partition if partition is None else partition,
        id=name,
    )
