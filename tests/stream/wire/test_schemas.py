import copy
import json
from typing import Any

import jsonschema
import msgspec
import pytest

from stream.wire.audit import AUDIT_EVENTS
from stream.wire.decisions import DECISION_EVENTS
from stream.wire.events import EVENTS, DeadLetter, SourceRef, Transaction
from stream.wire.schemas import breaks, schemas, tag_of
from stream.wire.triage import TRIAGE_EVENTS

PAYMENT = Transaction(id="t1", at=1_700_000_000_000, customer="c1", terminal="m1", amount=1250)
BEFORE = schemas()["transaction/1"]


def after(change: str, field: str, value: Any = None) -> list[str]:
    """Say what breaks when ``field`` of a transaction is changed so."""
    schema = copy.deepcopy(BEFORE)
    payment = schema["$defs"]["Transaction"]
    match change:
        case "remove":
            del payment["properties"][field]
            payment["required"] = [name for name in payment["required"] if name != field]
        case "set":
            payment["properties"][field] = value
        case "require":
            payment["required"] = [*payment["required"], field]
        case "free":
            payment["required"] = [name for name in payment["required"] if name != field]
    return breaks(BEFORE, schema)


def test_every_public_event_has_a_schema_under_its_tag() -> None:
    """The tag is what stands in ``type`` on the wire."""
    assert list(schemas()) == [tag_of(event) for event in (*EVENTS, *TRIAGE_EVENTS, *AUDIT_EVENTS, *DECISION_EVENTS)]
    assert tag_of(DeadLetter) == "dead-letter/1"


def test_a_schema_reads_back_as_it_is() -> None:
    """What is compared with the committed file is what would be written to it: no tuple stands for an array."""
    assert {tag: json.loads(json.dumps(schema)) for tag, schema in schemas().items()} == schemas()


def test_an_event_as_encoded_satisfies_its_schema() -> None:
    """By an independent validator; and an event without its customer does not."""
    events = (PAYMENT, DeadLetter(id="d", reason="late", detail="at", produced_at=PAYMENT.at, size=3, source=_source()))
    for event in events:
        jsonschema.validate(msgspec.json.decode(msgspec.json.encode(event)), schemas()[tag_of(type(event))])
    wrong = msgspec.json.decode(msgspec.json.encode(PAYMENT))
    del wrong["customer"]

    with pytest.raises(jsonschema.ValidationError, match="customer"):
        jsonschema.validate(wrong, BEFORE)


def _source() -> SourceRef:
    return SourceRef(topic="transactions", partition=0, offset=1)


def test_a_new_optional_field_and_new_words_break_nothing() -> None:
    """This is how an event may grow within its version."""
    assert after("set", "channel", {"type": "string", "default": ""}) == []
    assert after("set", "amount", {**BEFORE["$defs"]["Transaction"]["properties"]["amount"], "description": "x"}) == []


def test_a_field_that_goes_breaks_its_readers() -> None:
    """Whoever read the amount finds none."""
    assert after("remove", "amount") == ["Transaction.amount is gone"]


def test_a_field_of_another_type_breaks() -> None:
    """A terminal that becomes a number; the sentence says from what to what."""
    (found,) = after("set", "terminal", {"type": "integer"})

    assert found.startswith("Transaction.terminal means something else: {'type': 'string'")
    assert found.endswith("became {'type': 'integer'}")


def test_a_narrower_bound_breaks() -> None:
    """Ids of 64 characters were promised to pass."""
    narrower = {**BEFORE["$defs"]["Transaction"]["properties"]["id"], "maxLength": 32}

    assert len(after("set", "id", narrower)) == 1


def test_a_newly_required_field_breaks_its_writers() -> None:
    """Who left the currency out was promised euros."""
    assert after("require", "currency") == ["Transaction.currency is newly required"]


def test_a_field_no_longer_required_breaks_its_readers() -> None:
    """Who relied on a terminal in each payment meets one without."""
    assert after("free", "terminal") == ["Transaction.terminal is no longer required"]
