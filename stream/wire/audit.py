"""What is audited: each alert, each change of what decides alerts, each act of a person, in chains of hashes."""

from typing import Any

import msgspec

from stream.wire.events import Event, Id, Millis, SourceRef
from stream.wire.triage import TriageRecord

GENESIS = "0" * 64


class Change(Event, frozen=True, kw_only=True, tag="change/1"):
    """What decides alerts, as a worker told it before it judged anything. Topic ``changes``, partition 0.

    Told again only where it differs from what was told last.
    """

    id: Id  # hash of what follows ``by``: equal content, equal id
    at: Millis  # wall clock
    by: str  # host and process
    config: str  # version of the settings, as alerts name it
    settings: dict[str, Any]  # the sections that decide
    detectors: dict[str, str]  # name → version, as alerts name them
    release: str  # of Weir


class ModelChange(Event, frozen=True, kw_only=True, tag="model-change/1"):
    """A step of a model in the registry. Topic ``changes``, partition 0; one that swaps stands there before it acts."""

    id: Id  # hash of the entry in the registry's journal
    at: Millis  # wall clock
    by: str  # user and host
    action: str  # "register", "shadow", "promote", "rollback", "retire"
    model: str  # identity of the artefact; empty: that of the settings
    before: str = ""  # identity of the champion whose place it takes; empty: that of the settings
    why: str
    forced: str = ""  # why it was done although a gate failed; empty: none did
    gates: list[dict[str, Any]] = msgspec.field(default_factory=list)  # asked of it before the step: name, holds, says
    detectors: dict[str, str] = msgspec.field(default_factory=dict)  # name → version, where it scores from now
    release: str  # of Weir


class Act(Event, frozen=True, kw_only=True, tag="act/1"):
    """What a person said of alerts, word for word. Topic ``acts``; ``triage`` keeps the last word alone."""

    id: Id  # hash of ``said``: a record sent twice has the same
    at: Millis  # wall clock
    by: Id  # who
    via: str  # "command line", or "console" and the role of the token
    said: TriageRecord


class AuditLink(Event, frozen=True, kw_only=True, tag="audit/1"):
    """One link: what it vouches for, and the hash that holds it to the link before.

    Of an alert or a change there stand its id, its versions and its digest, and nothing that names a customer: the
    chain is kept for ever.
    """

    number: int  # in its chain, from 0; there is one chain per partition of each topic vouched for
    previous: str  # ``hash`` of the link before; 64 zeros in the first
    source: SourceRef  # the record vouched for: topic without prefix
    digest: str  # SHA-256 of that record's value
    kind: str  # "alert", "change", "model-change", "act", or "unreadable"
    id: str = ""
    config: str = ""
    detectors: dict[str, str] = msgspec.field(default_factory=dict)  # name → version: of a change all
    score: float | None = None
    threshold: float | None = None
    hash: str  # SHA-256 of the record's bytes before ``,"hash":``; always the last field


AUDIT_EVENTS: tuple[type[Event], ...] = (Change, ModelChange, Act, AuditLink)
encode_link = msgspec.json.Encoder().encode
