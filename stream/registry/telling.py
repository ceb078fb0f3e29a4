"""Telling steps of the registry on ``changes``, where the audit chains them: each once, before it acts."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from importlib.metadata import version

import msgspec

from models.registry.journal import Entry
from stream.consume import consumer_of, read_to_end
from stream.registry.publishing import send
from stream.settings import Settings
from stream.wire.audit import ModelChange
from stream.wire.codec import encode
from stream.wire.topics import CHANGES


def tell_steps(settings: Settings, entries: Iterable[Entry], detectors: Mapping[str, str]) -> int:
    """Publish the entries of a journal that are not on the topic yet, in their order; returns how many.

    detectors  name → version, of the last entry's model where it is about to score
    Raises MachineError where there is no Kafka, DeliveryError where it takes no record.
    """
    with closing(consumer_of(settings, [CHANGES.name], from_beginning=True, with_erased=True)) as consumer:
        told = {msgspec.json.decode(value).get("id") for _, value in read_to_end(consumer)}
    journal = list(entries)
    missing = [one for one in journal if one.hash not in told]
    if not missing:
        return 0
    changes = [change_of(one, detectors if one is journal[-1] else {}) for one in missing]
    send(settings, CHANGES.name, [(None, encode(change), 0) for change in changes])
    return len(missing)


def change_of(entry: Entry, detectors: Mapping[str, str]) -> ModelChange:
    """Say an entry of the journal as an event."""
    return ModelChange(
        id=entry.hash,
        at=entry.at,
        by=entry.by,
        action=entry.action,
        model=entry.model,
        before=entry.before,
        why=entry.why,
        forced=entry.forced,
        gates=entry.gates,
        detectors=dict(detectors),
        release=version("weir"),
    )
