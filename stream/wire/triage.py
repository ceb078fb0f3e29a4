"""What people and receivers do with alerts: snoozes, acknowledgements, verdicts, and what became of each at a sink.

All times are wall clock. The first three stand on the compacted topic ``triage``, which every process reads whole.
"""

from typing import TypeAlias

import msgspec

from stream.wire.events import Alert, Event, Id, Millis


class Snooze(Event, frozen=True, kw_only=True, tag="snooze/1"):
    """Alerts that one person wants to hear nothing of until then. Key ``snooze:ID``; an ended one has ``until`` moved.

    Every condition that is not empty must hold; at least one is given. It counts for alerts emitted from ``at`` on and
    before ``until``.
    """

    id: Id
    at: Millis
    until: Millis
    owner: Id
    why: str = ""
    kind: str = ""
    entity_kind: str = ""
    entity: str = ""
    detector: str = ""


class Acknowledgement(Event, frozen=True, kw_only=True, tag="ack/1"):
    """Somebody looks into an alert. Key ``ack:ALERT``."""

    alert: Id
    at: Millis
    owner: Id
    note: str = ""


class Verdict(Event, frozen=True, kw_only=True, tag="verdict/1"):
    """What an alert turned out to be. Key ``verdict:ALERT``; a payment's stands on ``labels`` too, as ``label/1``."""

    alert: Id
    at: Millis
    owner: Id
    right: bool  # the alert was: of a payment, it was fraud
    note: str = ""


class Delivery(Event, frozen=True, kw_only=True, tag="delivery/1"):
    """What became of alerts at one sink. Topic ``deliveries``, key ``sink``; per sink and alert, the last one counts.

    ``told`` together in one notice, ``held`` (see ``why``), or ``undelivered``: a dead letter says so too.
    """

    id: Id  # of the notice; of a held alert, its own
    at: Millis
    sink: Id
    route: str
    group: str
    outcome: str  # "told", "held", "undelivered"
    why: str = ""  # held: "snoozed", "acknowledged", "cooldown", "budget"; undelivered: what the sink said
    by: str = ""  # the snooze, or who acknowledged
    alerts: tuple[Id, ...]
    tries: int = 0


class Notice(Event, frozen=True, kw_only=True, tag="notice/1"):
    """What a sink is handed, and the body of a webhook: one alert, or those of a group that came within its wait.

    A notice may come twice: after a crash perhaps with more alerts in it, and then under another id. Act by the ids of
    the alerts.
    """

    id: Id  # idempotency key: the alert's id; of several alerts, a function of their ids
    sink: Id
    route: str
    group: str
    alerts: tuple[Alert, ...]  # oldest first
    held: int = 0  # alerts of this group that were held back since it was last told


TriageRecord: TypeAlias = Snooze | Acknowledgement | Verdict
TRIAGE_EVENTS: tuple[type[Event], ...] = (Snooze, Acknowledgement, Verdict, Delivery, Notice)
decode_triage = msgspec.json.Decoder(TriageRecord).decode
decode_delivery = msgspec.json.Decoder(Delivery).decode


def triage_key(record: TriageRecord) -> str:
    """The key of a record on ``triage``: a later record of the same key takes its place."""
    if isinstance(record, Snooze):
        return f"snooze:{record.id}"
    return f"{'ack' if isinstance(record, Acknowledgement) else 'verdict'}:{record.alert}"
