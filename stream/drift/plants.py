"""Drift on purpose: what happens to a simulated stream from some moment on, to see how long it stays untold."""

from collections.abc import Callable, Iterable, Iterator
from zlib import crc32

import msgspec

from stream.replay import Keyed
from stream.wire.events import Label, Transaction
from stream.wire.topics import TRUTH

Plant = Callable[[Iterable[Keyed], int], Iterator[Keyed]]  # records, epoch ms from which on


def _none(records: Iterable[Keyed], since: int) -> Iterator[Keyed]:
    del since
    yield from records


def _amounts(records: Iterable[Keyed], since: int) -> Iterator[Keyed]:
    for topic, key, event in records:
        if isinstance(event, Transaction) and event.at >= since:
            yield topic, key, msgspec.structs.replace(event, amount=event.amount * 5 // 4)
        else:
            yield topic, key, event


def _pace(records: Iterable[Keyed], since: int) -> Iterator[Keyed]:
    for topic, key, event in records:
        if isinstance(event, Transaction) and event.at >= since and crc32(event.id.encode()) % 3 == 0:
            continue
        yield topic, key, event


def _terminals(records: Iterable[Keyed], since: int) -> Iterator[Keyed]:
    for topic, key, event in records:
        if isinstance(event, Transaction) and event.at >= since and crc32(event.id.encode()) % 2 == 0:
            yield topic, key, msgspec.structs.replace(event, terminal=f"n{event.terminal}")
        else:
            yield topic, key, event


def _verdicts(records: Iterable[Keyed], since: int) -> Iterator[Keyed]:
    for topic, key, event in records:
        if not isinstance(event, Label) or topic == TRUTH.name or event.at < since:
            yield topic, key, event


PLANTS: dict[str, tuple[str, Plant]] = {
    "none": ("nothing", _none),
    "amounts": ("every amount a quarter higher", _amounts),
    "pace": ("every third payment stays away", _pace),
    "terminals": ("every second payment at a new terminal", _terminals),
    "verdicts": ("no more verdicts", _verdicts),
}
