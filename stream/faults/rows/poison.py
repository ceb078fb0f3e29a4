"""Harms by records that are no events: poison throughout the stream, a partition of nothing else, one of 1 MB."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from kafka import KafkaProducer

from stream.bench.material import Material
from stream.faults.events import picked
from stream.faults.harm import Harm, Setup
from stream.faults.scene import Scene
from stream.faults.watch import INPUTS
from stream.wire.topics import LABELS, TICKS, TRANSACTIONS

SHARE = 0.05  # of the records are poison
LARGE_BYTES = 1_000_000
_LATER_THAN_NOW = 4_102_444_799_999  # epoch ms: the last one that is a time at all
_CARD = "4111111111111111"  # the well-known one of no bank
_OVERSIZED = 70_000  # bytes

Change = Callable[[Random, bytes], bytes]


@dataclass(frozen=True, slots=True)
class Poison:
    """One way to be no event: what it makes of a good record, and what the dead letter is to say."""

    name: str
    reason: str
    change: Change
    topics: tuple[str, ...] = INPUTS


def _with(**fields: Any) -> Change:
    """Give fields other values; Ellipsis leaves one out."""

    def change(_: Random, value: bytes) -> bytes:
        told = {**json.loads(value), **fields}
        return json.dumps({name: content for name, content in told.items() if content is not ...}).encode()

    return change


def _in_place(old: bytes, new: bytes) -> Change:
    """Replace the last of what stands somewhere in every record."""
    return lambda _, value: new.join(value.rsplit(old, 1))


def _always(value: bytes) -> Change:
    return lambda *_: value


_PAYMENTS, _LABELS, _TICKS = (TRANSACTIONS.name,), (LABELS.name,), (TICKS.name,)
_CARDS = _PAYMENTS + _LABELS

POISONS = (
    Poison("garbage", "not_json", lambda draw, _: b"\xff" + draw.randbytes(draw.randrange(400))),
    Poison("cut off", "not_json", lambda draw, value: value[: draw.randrange(len(value) // 2, len(value))]),
    Poison("empty", "not_json", _always(b"")),
    Poison("no text", "not_json", _in_place(b'":"', b'":"\xc3(')),
    Poison("NaN", "not_json", _with(at=float("nan"))),
    Poison("infinite", "not_json", _with(at=float("inf"))),
    Poison("nested too deep", "not_json", _always(b'{"a":' * 5_000)),
    Poison("no object", "wrong_type", lambda draw, _: draw.choice((b"null", b"[]", b"17", b'"text"'))),
    Poison("text for a number", "wrong_type", _with(at="yesterday")),
    Poison("null for a number", "wrong_type", _with(at=None)),
    Poison("a time missing", "wrong_type", _with(at=...)),
    Poison("a number for a name", "wrong_type", _with(customer=17), _CARDS),
    Poison("half a cent", "wrong_type", _with(amount=12.5), _PAYMENTS),
    Poison("unknown version", "unknown_tag", _in_place(b'/1"', b'/99"')),
    Poison("no tag", "unknown_tag", _with(type=...)),
    Poison("of another topic", "unknown_tag", _with(type="shock/1")),
    Poison("no name", "bad_id", _with(customer=""), _CARDS),
    Poison("name too long", "bad_id", _with(terminal="x" * 65), _CARDS),
    Poison("name not printable", "bad_id", _with(symbol="A\x00B"), _TICKS),
    Poison("a card number", "card_number", _with(customer=_CARD), _CARDS),
    Poison("a negative amount", "bad_amount", _with(amount=-1), _PAYMENTS),
    Poison("an absurd amount", "bad_amount", _with(amount=2**31 - 1), _PAYMENTS),
    Poison("another currency", "unknown_currency", _with(currency="XXX"), _PAYMENTS),
    Poison("a price below zero", "bad_price", _with(price=-1.0, bid=-1.0), _TICKS),
    Poison("an infinite price", "bad_price", _with(price=1e300, bid=1e300), _TICKS),
    Poison("a time before time", "bad_time", _with(at=0)),
    Poison("a time to come", "ahead", _with(at=_LATER_THAN_NOW)),
)
_OF = {topic: [poison for poison in POISONS if topic in poison.topics] for topic in INPUTS}
TOO_LARGE = Poison("too large", "too_large", lambda draw, value: value + b" " * draw.randrange(_OVERSIZED, 100_000))
_ONE_IN = 200  # poison records is too large: a few hundred are enough for the network of a test


def poison(draw: Random, topic: str, value: bytes) -> bytes:
    """Make a record of a topic into one that the topic does not take, in a way that is drawn."""
    drawn = TOO_LARGE if draw.randrange(_ONE_IN) == 0 else draw.choice(_OF[topic])
    return drawn.change(draw, value)


def _strewn(material: Material, draw: Random) -> Material:
    """Put poison between the records, each beside the one it was made of, until it is ``SHARE`` of all."""
    count = len(material)
    spoilt = sorted(draw.sample(range(count), round(count * SHARE / (1 - SHARE))))
    places = np.sort(np.concatenate([np.arange(count), spoilt]), kind="stable")
    mixed = picked(material, places)
    first = np.flatnonzero(places[:-1] == places[1:]).tolist()
    return _poisoned(mixed, first, draw)


def _one_partition(material: Material, draw: Random) -> Material:
    """Make all records of one partition of payments poison; what stood there stands on the next partition instead."""
    lanes = [lane for lane, (topic, _) in enumerate(material.lanes) if topic == TRANSACTIONS.name]
    which = draw.randrange(len(lanes))
    of_it = material.in_lane(lanes[which])
    places = np.sort(np.concatenate([np.arange(len(material)), of_it]), kind="stable")
    mixed = picked(material, places)
    doubled = np.flatnonzero(places[:-1] == places[1:])
    mixed.lane[doubled + 1] = lanes[(which + 1) % len(lanes)]
    return _poisoned(mixed, doubled.tolist(), draw)


def _poisoned(material: Material, places: list[int], draw: Random) -> Material:
    """Poison the records at some places; changes ``material``."""
    for place in places:
        topic, _ = material.lanes[int(material.lane[place])]
        material.values[place] = poison(draw, topic, material.values[place])
    return material


def _flow(_: Scene) -> None:
    """Nothing: the poison is in the stream, before this moment and after it."""


def _send_large(scene: Scene) -> None:
    """Put one record of 1 MB on every input topic, between two others."""
    producer = KafkaProducer(bootstrap_servers=scene.settings.kafka.bootstrap, max_request_size=2 * LARGE_BYTES)
    try:
        for topic in INPUTS:
            value = b'{"type":"transaction/1","id":"' + scene.draw.randbytes(LARGE_BYTES // 2).hex().encode()
            partition = scene.draw.randrange(scene.settings.kafka.partitions)
            producer.send(scene.settings.kafka.prefix + topic, value=value, partition=partition).get(timeout=60)
    finally:
        producer.close()


HARMS = (
    Harm(
        name="poison",
        sentence="5 % of the stream are poison: garbage, truncated, wrong types, NaN, unknown tags and more.",
        inflict=_flow,
        setup=Setup(spoil=_strewn),
        is_short=True,
    ),
    Harm(
        name="partition of poison",
        sentence="One partition of payments holds nothing but poison; its customers pay on another.",
        inflict=_flow,
        setup=Setup(spoil=_one_partition),
    ),
    Harm(
        name="record of 1 MB",
        sentence="A record of 1 MB stands in the midst of each input topic.",
        inflict=_send_large,
    ),
)
