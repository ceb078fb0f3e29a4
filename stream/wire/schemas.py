"""JSON Schemas of the public events, one per tag, and the promise that within a version nothing breaks.

Readers of a topic may rely on every field they know, writers on every field they may leave out. So within a version a
field is only ever added, optional; anything else is a new version, with a file of its own beside the old one.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from stream.wire.audit import AUDIT_EVENTS
from stream.wire.decisions import DECISION_EVENTS
from stream.wire.events import EVENTS, Event
from stream.wire.triage import TRIAGE_EVENTS

Schema = dict[str, Any]
_WORDS = ("title", "description")  # what may change at any time


def tag_of(event: type[Event]) -> str:
    """The value of ``type`` on the wire, as ``transaction/1``: also the path of its schema file."""
    tag = event.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def schemas() -> dict[str, Schema]:
    """Schema per tag, of every event on a public topic, and of the body of a webhook."""
    return {tag_of(event): _schema(event) for event in (*EVENTS, *TRIAGE_EVENTS, *AUDIT_EVENTS, *DECISION_EVENTS)}


def _schema(event: type[Event]) -> Schema:
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema: Schema = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(event)))  # tuples become arrays
    return {**draft, **schema}


def breaks(before: Schema, after: Schema) -> list[str]:
    """Say what within one version must not be: each a sentence that names the field; empty where nothing breaks."""
    found: list[str] = []
    for name, old in before["$defs"].items():
        new = after["$defs"].get(name)
        if new is None:
            found.append(f"{name} is gone")
        else:
            found += _field_breaks(name, old, new)
    return found


def _field_breaks(name: str, old: Schema, new: Schema) -> Iterator[str]:
    fields, now = old.get("properties", {}), new.get("properties", {})
    required, must = set(old.get("required", ())), set(new.get("required", ()))
    for field, schema in fields.items():
        if field not in now:
            yield f"{name}.{field} is gone"
        elif _meaning(schema) != _meaning(now[field]):
            yield f"{name}.{field} means something else: {_meaning(schema)} became {_meaning(now[field])}"
    for field in sorted(must - required):
        yield f"{name}.{field} is newly required"
    for field in sorted((required - must) & now.keys()):
        yield f"{name}.{field} is no longer required"


def _meaning(schema: Any) -> Any:
    """A schema without its words."""
    if isinstance(schema, dict):
        return {key: _meaning(value) for key, value in schema.items() if key not in _WORDS}
    return [_meaning(value) for value in schema] if isinstance(schema, list) else schema
