"""Records that are no event we take, each with the reason that docs/topics.md gives for it; most bear a secret."""

import json
import time
from typing import Any

CARD = "4111111111111111"
SECRET = "s3cret"
START = (int(time.time()) - 86_400) * 1000  # event time of the first record: yesterday
_MINUTE = 60_000


def payment(**fields: Any) -> bytes:
    """Write a payment that is good but for what ``fields`` change."""
    good = {"type": "transaction/1", "id": "t0", "at": START, "customer": "c0", "terminal": "m0", "amount": 1250}
    return json.dumps(good | fields).encode()


def verdict(**fields: Any) -> bytes:
    """Write a verdict, likewise."""
    good = {"type": "label/1", "transaction": "t0", "at": START, "customer": "c0", "terminal": "m0", "fraud": False}
    return json.dumps(good | fields).encode()


def trade(**fields: Any) -> bytes:
    """Write a trade, likewise."""
    return json.dumps({"type": "trade/1", "symbol": "ACME", "at": START, "price": 10.0, "size": 100} | fields).encode()


def quote(**fields: Any) -> bytes:
    """Write a quote, likewise."""
    return json.dumps({"type": "quote/1", "symbol": "ACME", "at": START, "bid": 9.9, "ask": 10.1} | fields).encode()


def without(value: bytes, field: str) -> bytes:
    """Leave a field out."""
    return json.dumps({name: text for name, text in json.loads(value).items() if name != field}).encode()


def garbage(good: bytes) -> list[tuple[bytes | None, str]]:
    """Spoil a good record in ways that don't hang on what event it is."""
    tag = json.loads(good)["type"].encode()
    nested = b"[" * 30_000 + b"]" * 30_000
    return [
        (None, "tombstone"),
        (b"", "not_json"),
        (b"\x00\xff\xfe" + SECRET.encode(), "not_json"),
        (good[:-1] + b',"more":' + nested + b"}", "not_json"),
        (good[:-9], "not_json"),
        (good + good, "not_json"),
        (good.replace(SECRET.encode(), b"\xff"), "not_json"),
        (b'"' + SECRET.encode() + b'"', "wrong_type"),
        (good[:-1] + b',"note":"' + b"x" * 1_000_000 + b'"}', "too_large"),
        (good.replace(tag, tag[:-1] + b"9"), "unknown_tag"),
        (without(good, "type"), "unknown_tag"),
    ]


PAYMENTS: list[tuple[bytes | None, str]] = [
    *garbage(payment(id=SECRET)),
    (verdict(transaction=SECRET), "unknown_tag"),
    (without(payment(id=SECRET), "amount"), "wrong_type"),
    (payment(id=SECRET, amount="1250"), "wrong_type"),
    (payment(id=SECRET, amount=12.5), "wrong_type"),
    (payment(id=SECRET, amount=None), "wrong_type"),
    (payment(id=SECRET, amount=float("nan")), "not_json"),
    (payment(id=SECRET, amount=float("inf")), "not_json"),
    (payment(id=SECRET, amount=-1), "bad_amount"),
    (payment(id=SECRET, amount=1_000_000_01), "bad_amount"),
    (payment(id=SECRET, amount=10**30), "bad_amount"),
    (payment(id=SECRET, currency="XXX"), "unknown_currency"),
    (payment(id=SECRET, customer=""), "bad_id"),
    (payment(id=SECRET, terminal=SECRET * 20), "bad_id"),
    (payment(id=SECRET, customer="c\u0007"), "bad_id"),
    (payment(id=SECRET, customer=CARD), "card_number"),
    (payment(id=SECRET, at=0), "bad_time"),
    (payment(id=SECRET, at=START * 1000), "bad_time"),
    (payment(id=SECRET, at=START + 3 * 86_400_000), "ahead"),
    (payment(id=SECRET, at=START - 120 * _MINUTE), "late"),
]
VERDICTS: list[tuple[bytes | None, str]] = [
    *garbage(verdict(transaction=SECRET)),
    (payment(id=SECRET), "unknown_tag"),
    (verdict(transaction=SECRET, fraud="yes"), "wrong_type"),
    (without(verdict(transaction=SECRET), "fraud"), "wrong_type"),
    (verdict(transaction=SECRET, customer=CARD), "card_number"),
]
TICKS: list[tuple[bytes | None, str]] = [
    *garbage(trade(id=SECRET)),
    (payment(id=SECRET), "unknown_tag"),
    (trade(id=SECRET, symbol=SECRET), "unknown_symbol"),
    (trade(id=SECRET, price=float("nan")), "not_json"),
    (trade(id=SECRET, price=0), "bad_price"),
    (trade(id=SECRET, price=-1.0), "bad_price"),
    (trade(id=SECRET, price="ten"), "wrong_type"),
    (trade(id=SECRET, size=-5), "bad_price"),
    (trade(id=SECRET).replace(b"10.0", b"1e999"), "bad_price"),
    (quote(id=SECRET, bid=0, ask=0), "bad_price"),
    (trade(id=SECRET, at=START + 3 * 86_400_000), "ahead"),
    (trade(id=SECRET, at=START - 10 * _MINUTE), "late"),
]
