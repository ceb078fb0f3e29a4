"""The contract test of a source, for anyone's package: ``check_source(MySource)`` in a test of its own.

from producers.contract import check_source

def test_my_source_keeps_the_contract() -> None:
    check_source(MySource, config={"file": "sample.csv"})
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, pairwise

import msgspec

from producers.source import Record, Source
from stream.errors import SettingsError
from stream.wire.codec import encode
from stream.wire.events import Event, Label, Quote, Shock, Trade, Transaction
from stream.wire.topics import LABELS, TICKS, TRANSACTIONS, TRUTH

TAKEN: dict[str, tuple[type[Event], ...]] = {
    TRANSACTIONS.name: (Transaction,),
    TICKS.name: (Trade, Quote),
    LABELS.name: (Label,),
    TRUTH.name: (Label, Shock),
}
"""What a source may publish: topic → events."""

_NO_FIELD = "no_source_has_this_field"


class ContractError(AssertionError):
    """A source breaks a promise; the message says which."""


def check_source(
    kind: type[Source], *, config: Mapping[str, object] | None = None, records: int = 2_000, seeded: bool = True
) -> None:
    """Hold a source to the contract of ``producers.source.Source`` over its first records.

    kind     the class that the entry point names
    config   what it needs under ``[producers.NAME]``; None: nothing
    records  how many are looked at
    seeded   False for a recording, which no seed changes
    Raises ContractError that says which promise is broken.
    """
    given = dict(config or {})
    require(bool((kind.__doc__ or "").strip()), "it has a docstring, whose first line is listed")
    source = kind(seed=1, config=given)
    seen = list(_take(source, records))
    require(len(seen) > 0, "it yields records")
    for record in seen:
        check_record(record)
    for before, after in pairwise(seen):
        require(_at(before) <= _at(after), f"event time never falls: {_at(before)} was followed by {_at(after)}")
    first = _bytes(seen)
    require(_bytes(_take(source, records)) == first, "a second call of records() begins anew with the same events")
    require(_bytes(_take(kind(seed=1, config=given), records)) == first, "the same seed gives the same bytes")
    if seeded:
        require(_bytes(_take(kind(seed=2, config=given), records)) != first, "another seed gives other events")
    check_refusal(kind, given)


def _take(source: Source, records: int) -> Iterator[Record]:
    return islice(source.records(), records)


def _bytes(records: Sequence[Record] | Iterator[Record]) -> bytes:
    return b"\n".join(b" ".join((r.topic.encode(), r.key.encode(), encode(r.event))) for r in records)


def _at(record: Record) -> int:
    at: int = record.event.at  # type: ignore[attr-defined]  # held by check_record
    return at


def check_record(record: Record) -> None:
    """Hold one record to its topic, its key and the wire."""
    topic, key, event = record
    require(topic in TAKEN, f"its topics are among {', '.join(TAKEN)}, not {topic}")
    require(isinstance(event, TAKEN[topic]), f"{topic} takes no {type(event).__name__}")
    expected = event.symbol if isinstance(event, Trade | Quote | Shock) else event.customer  # type: ignore[attr-defined]
    require(key == expected, f"the key on {topic} is the event's customer or symbol")
    try:
        again = msgspec.json.decode(encode(event), type=type(event))
    except msgspec.MsgspecError as error:
        raise ContractError(f"every event is valid on the wire: {type(event).__name__}: {error}") from error
    require(again == event, f"a {type(event).__name__} reads back as it was written")


def check_refusal(kind: Callable[..., object], config: Mapping[str, object]) -> None:
    """Hold a class to the promise that an unknown field of its settings is refused by name."""
    try:
        kind(seed=1, config={**config, _NO_FIELD: 1})
    except SettingsError as error:
        require(_NO_FIELD in str(error), f"the error names the unknown field, it says: {error}")
    else:
        raise ContractError("an unknown field of the configuration is refused with SettingsError")


def require(holds: bool, promise: str) -> None:
    """Raise ContractError unless it holds."""
    if not holds:
        raise ContractError(promise)
