"""Comparing what was told with what was to be told: alerts, risk, dead letters once each, scores at least once."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from stream.wire.events import Alert, Scores

_CLOCKS = ("detected_at", "emitted_at")  # the wall's: nobody can foresee them
_NOT_FROM_EVENTS = "pipeline"  # the kind of alerts that the watchdog tells: of the worker, not of the stream
_NAMED = 5  # of those that are wrong, told by name

Contents = dict[str, Any]  # all that a record says, clocks aside
Payment = tuple[int, int]  # partition, offset
Examples = dict[str, list[str]]  # what is wrong → the first few names


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How what was told once each compares with what was to be told.

    missing     expected and not there, or not with that content
    duplicate   more often than once
    unexpected  there and not expected, or not with that content
    """

    expected: int
    missing: int
    duplicate: int
    unexpected: int

    @property
    def wrong(self) -> int:
        """Deviations of any kind."""
        return self.missing + self.duplicate + self.unexpected


def compare(what: str, found: Iterable[tuple[str, Any]], wanted: Iterable[tuple[str, Any]], examples: Examples) -> Told:
    """Compare (id, content) pairs; ids that are wrong go to ``examples``."""
    found = list(found)
    times = Counter(name for name, _ in found)
    contents, expected = dict(found), dict(wanted)
    missing = [name for name, content in expected.items() if contents.get(name) != content]
    unexpected = [name for name, content in contents.items() if expected.get(name) != content]
    name_some(f"{what} missing", missing, examples)
    name_some(f"{what} duplicate", (name for name, count in times.items() if count > 1), examples)
    name_some(f"{what} unexpected", unexpected, examples)
    return Told(
        expected=len(expected),
        missing=len(missing),
        duplicate=len(found) - len(times),
        unexpected=len(unexpected),
    )


def alerts_of(values: Iterable[bytes]) -> Iterator[tuple[str, Contents]]:
    """Decode the alerts that events caused, without the wall's clocks."""
    for name, content in contents_of(values, Alert):
        if content["kind"] != _NOT_FROM_EVENTS:
            yield name, {key: value for key, value in content.items() if key not in _CLOCKS}


def contents_of(values: Iterable[bytes], kind: type[msgspec.Struct]) -> Iterator[tuple[str, Contents]]:
    """Decode records that have an id."""
    for value in values:
        content = msgspec.to_builtins(msgspec.json.decode(value, type=kind))
        yield content["id"], content


def scores_of(values: Iterable[bytes]) -> tuple[dict[Payment, tuple[float, ...]], set[Payment]]:
    """Payment → its scores by name of detector; and those payments that stand twice with different scores."""
    found: dict[Payment, tuple[float, ...]] = {}
    contradicted: set[Payment] = set()
    for value in values:
        batch = msgspec.json.decode(value, type=Scores)
        columns = [batch.detectors[name] for name in sorted(batch.detectors)]
        for place, *scores in zip(zip(batch.partitions, batch.offsets, strict=True), *columns, strict=True):
            if found.setdefault(place, tuple(scores)) != tuple(scores):
                contradicted.add(place)
    return found, contradicted


def name_some(what: str, names: Iterable[str], examples: Examples) -> None:
    """Keep the first few names."""
    some = sorted(names)
    if some:
        examples[what] = [*some[:_NAMED], *([f"and {len(some) - _NAMED} more"] if len(some) > _NAMED else [])]
