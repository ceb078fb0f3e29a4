"""Decoding: good records become columns, every bad one a dead letter that names its reason and no value of it."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.settings import Settings
from stream.wire.codec import dead_letter, decode_payments, decode_ticks, decode_verdicts
from stream.wire.columns import Payments, Ticks
from stream.wire.events import DeadLetter
from stream.wire.records import Slice
from stream.wire.refusal import MAX_BYTES, REASONS

NOW = 1_700_000_000_000
GOOD: dict[str, Any] = {
    "type": "transaction/1",
    "id": "t1",
    "at": NOW,
    "customer": "c1",
    "terminal": "m1",
    "amount": 1250,
    "currency": "EUR",
}
TRADE: dict[str, Any] = {"type": "trade/1", "symbol": "ACME", "at": NOW, "price": 10.5, "size": 100.0}
QUOTE: dict[str, Any] = {"type": "quote/1", "symbol": "ACME", "at": NOW, "bid": 10.4, "ask": 10.6}


def a_slice(values: list[bytes | None], topic: str = "transactions") -> Slice:
    """Records at offsets 10, 11, … produced now."""
    n = len(values)
    offset = np.arange(10, 10 + n)
    return Slice(topic=topic, partition=3, offset=offset, produced=np.full(n, NOW), values=values, next_offset=10 + n)


def changed(base: dict[str, Any], **fields: Any) -> bytes:
    """A record with some fields changed; None takes a field away."""
    return json.dumps({key: value for key, value in {**base, **fields}.items() if value is not None}).encode()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "tombstone"),
        (b"", "not_json"),
        (b"\xff\xfe\x00", "not_json"),
        (b'{"type":"transaction/1","id":', "not_json"),
        (b"[" * 5_000, "wrong_type"),  # an array, however deep, is no event
        (b'{"a":' * 5_000, "not_json"),
        (b"NaN", "not_json"),
        (b"null", "wrong_type"),
        (b" " * (MAX_BYTES + 1), "too_large"),
        (b"x" * 1_000_000, "too_large"),
        (changed(GOOD, type="transaction/9"), "unknown_tag"),
        (changed(GOOD, type=None), "unknown_tag"),
        (changed(GOOD, type="trade/1"), "unknown_tag"),
        (
            changed({"transaction": "t", "customer": "c", "terminal": "m", "fraud": True}, type="label/1", at=NOW),
            "unknown_tag",
        ),
        (changed(GOOD, amount=None), "wrong_type"),
        (changed(GOOD, amount="12"), "wrong_type"),
        (changed(GOOD, amount=12.5), "wrong_type"),
        (changed(GOOD, amount=-1), "bad_amount"),
        (changed(GOOD, amount=10**30), "bad_amount"),
        (changed(GOOD, amount=2**31 - 1), "bad_amount"),
        (changed(GOOD, id=""), "bad_id"),
        (changed(GOOD, customer=""), "bad_id"),
        (changed(GOOD, customer="a\nb"), "bad_id"),
        (changed(GOOD, terminal="x" * 65), "bad_id"),
        (changed(GOOD, customer="4111111111111111"), "card_number"),
        (changed(GOOD, currency="XXX"), "unknown_currency"),
        (changed(GOOD, at=1), "bad_time"),
        (changed(GOOD, at=NOW + 2 * 86_400_000), "ahead"),
    ],
)
def test_a_bad_payment_is_refused_with_its_reason(value: bytes | None, reason: str) -> None:
    """The bad record becomes a dead letter; the good ones on both sides of it stand."""
    decoded = decode_payments(a_slice([changed(GOOD), value, changed(GOOD, id="t2")]), Settings())

    assert isinstance(decoded.columns, Payments)
    assert decoded.columns.id == ["t1", "t2"]
    assert decoded.columns.offset.tolist() == [10, 12]
    assert [(r.reason, r.offset, r.partition, r.topic) for r in decoded.rejected] == [(reason, 11, 3, "transactions")]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (changed(TRADE, price=0), "bad_price"),
        (changed(TRADE, price=-3.0), "bad_price"),
        (b'{"type":"trade/1","symbol":"A","at":1700000000000,"price":1e999,"size":1}', "bad_price"),
        (b'{"type":"trade/1","symbol":"A","at":1700000000000,"price":NaN,"size":1}', "not_json"),
        (changed(QUOTE, bid=0, ask=0), "bad_price"),
        (changed(QUOTE, symbol=""), "bad_id"),
        (changed(QUOTE, type="quote/2"), "unknown_tag"),
    ],
)
def test_a_bad_tick_is_refused_with_its_reason(value: bytes, reason: str) -> None:
    """Zero, infinite and missing prices never reach a figure."""
    decoded = decode_ticks(a_slice([changed(TRADE), value, changed(QUOTE)], "ticks"), Settings())

    assert isinstance(decoded.columns, Ticks)
    assert decoded.columns.is_trade.tolist() == [1, 0]
    assert [r.reason for r in decoded.rejected] == [reason]


def test_a_symbol_outside_the_configured_ones_is_refused() -> None:
    """With ``market.symbols`` set, a typo in a feed is a dead letter, not a new row."""
    only = msgspec.convert({"market": {"symbols": ["OTHER"]}}, Settings)
    decoded = decode_ticks(a_slice([changed(TRADE)], "ticks"), only)

    assert [r.reason for r in decoded.rejected] == ["unknown_symbol"]


def test_unknown_fields_are_passed_over() -> None:
    """A producer may be newer than the worker: optional fields are added within a version."""
    decoded = decode_payments(a_slice([changed(GOOD, loyalty="gold")]), Settings())

    assert len(decoded.columns) == 1
    assert not decoded.rejected


def test_two_broken_halves_are_not_one_good_record() -> None:
    """Records are decoded one by one: halves that would join to valid JSON stay two dead letters."""
    whole = changed(GOOD)
    decoded = decode_payments(a_slice([whole + b',{"type":"transaction/1"', whole[1:]]), Settings())

    assert [r.reason for r in decoded.rejected] == ["not_json", "wrong_type"]


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=200),
            st.none(),
            st.fixed_dictionaries(
                {},
                optional={
                    key: st.one_of(
                        st.integers(), st.floats(), st.text(max_size=70), st.none(), st.booleans(), st.just(good)
                    )
                    for key, good in GOOD.items()
                },
            ).map(lambda fields: json.dumps({**GOOD, **fields}).encode()),
        ),
        max_size=20,
    )
)
@settings(max_examples=300, deadline=None)
def test_every_record_is_an_event_or_a_dead_letter(values: list[bytes | None]) -> None:
    """Conservation: whatever bytes come, in = decoded + refused, with a known reason, for all three topics."""
    for decode in (decode_payments, decode_verdicts, decode_ticks):
        decoded = decode(a_slice(values), Settings())

        assert len(decoded.columns) + len(decoded.rejected) == len(values)
        assert {r.reason for r in decoded.rejected} <= REASONS


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=12, max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_value_of_a_payload_stands_in_a_dead_letter(secret: str) -> None:
    """Wherever a secret is put, the dead letter names the field and the expectation only."""
    marked = f"SECRET{secret}"
    values: list[bytes | None] = [changed(GOOD, **{field: marked * 3}) for field in GOOD]
    decoded = decode_payments(a_slice([*values, marked.encode()]), Settings())

    assert decoded.rejected
    assert not any("SECRET" in dead_letter(r).value.decode() for r in decoded.rejected)


def test_a_dead_letter_names_where_the_record_stands() -> None:
    """Its id is topic, partition and offset: the same record gives the same letter after a crash."""
    (refused,) = decode_payments(a_slice([b"?"]), Settings()).rejected
    record = dead_letter(refused)
    letter = msgspec.json.decode(record.value, type=DeadLetter)

    assert record.id == letter.id == "transactions-3-10"
    assert (letter.source.topic, letter.source.partition, letter.source.offset) == ("transactions", 3, 10)
    assert (letter.size, letter.produced_at) == (1, NOW)
