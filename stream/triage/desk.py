"""What an analyst does with alerts, for command line, HTTP API and console: records on ``triage`` and ``labels``."""

import hashlib
import secrets
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from producers.publisher import Publisher, holds_card
from producers.source import Record
from stream.core.triage import Triage
from stream.errors import SettingsError
from stream.settings import Settings
from stream.triage.stream_time import stream_time
from stream.wire.audit import Act
from stream.wire.codec import encode
from stream.wire.events import Alert, Label
from stream.wire.topics import ACTS, LABELS, TRIAGE
from stream.wire.triage import Acknowledgement, Snooze, TriageRecord, Verdict, decode_triage, triage_key

R = TypeVar("R", bound=TriageRecord)


class Desk:
    """A context manager: what was said is acknowledged by Kafka when it is left.

    Each is audited: what was said stands on ``acts`` as well, where nothing takes its place.

    via    how it came here, for the audit
    clock  epoch seconds
    Raises MachineError where no Kafka answers, and from every method SettingsError where a word can't be used.
    """

    def __init__(
        self, settings: Settings, *, via: str = "command line", clock: Callable[[], float] = time.time
    ) -> None:
        self._settings, self._via, self._clock = settings, via, clock
        self._publisher = Publisher(settings.kafka)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._publisher.__exit__(kind, error, trace)

    def snooze(
        self,
        owner: str,
        seconds: float,
        *,
        kind: str = "",
        entity_kind: str = "",
        entity: str = "",
        detector: str = "",
        why: str = "",
    ) -> Snooze:
        """Have alerts held for so long, where all conditions that are given hold; at least one is.

        entity  a pattern, as in a shell
        """
        if not any((kind, entity_kind, entity, detector)):
            raise SettingsError("snooze", "a kind, an entity or a detector", where="triage")
        now = self._now()
        return self._say(
            Snooze(
                id=secrets.token_hex(4),
                at=now,
                until=now + round(1000 * seconds),
                owner=owner,
                why=why,
                kind=kind,
                entity_kind=entity_kind,
                entity=entity,
                detector=detector,
            )
        )

    def wake(self, snooze: Snooze, owner: str) -> Snooze:
        """End a snooze now; who ended it is its owner from then on."""
        return self._say(msgspec.structs.replace(snooze, until=max(self._now(), snooze.at), owner=owner))

    def acknowledge(self, alert: Alert, owner: str, *, note: str = "") -> Acknowledgement:
        """Take an alert in hand: where it still waits for a sink, it is told no more."""
        return self._say(Acknowledgement(alert=alert.id, at=self._now(), owner=owner, note=note))

    def verdict(self, alert: Alert, owner: str, *, right: bool, note: str = "") -> tuple[Verdict, Label | None]:
        """Say what an alert turned out to be.

        -> the record, and the label on its payment, from which features and models learn; None where it has no payment
        """
        now = self._now()
        said = self._say(Verdict(alert=alert.id, at=now, owner=owner, right=right, note=note))
        label = _label(alert, right=right, at=max(alert.at, stream_time(self._settings, now=now)))
        if label is not None:
            self._publisher.send(Record(LABELS.name, label.customer, label), due_ms=now)
        return said, label

    def _say(self, record: R) -> R:
        try:
            decode_triage(encode(record))
        except msgspec.ValidationError as error:
            said, _, field = str(error).replace("`", "").partition(" - at $.")
            raise SettingsError(field or "triage", said.removeprefix("Expected "), where="triage") from None
        if holds_card(Record(TRIAGE.name, "", record), encode(record)):
            raise SettingsError("triage", "no card number in what is said", where="triage")
        now, name = self._now(), hashlib.sha256(encode(record)).hexdigest()[:24]
        self._publisher.send(Record(TRIAGE.name, triage_key(record), record), due_ms=now)
        act = Act(id=name, at=now, by=record.owner, via=self._via, said=record)
        self._publisher.send(Record(ACTS.name, record.owner, act), due_ms=now)
        return record

    def _now(self) -> int:
        return round(1000 * self._clock())


def snooze_named(triage: Triage, name: str, *, now: int) -> Snooze:
    """Find a snooze in force by its id or the beginning of it; raises SettingsError where there is not exactly one."""
    found = [snooze for snooze in triage.in_force(now) if snooze.id.startswith(name)]
    if len(found) != 1:
        known = ", ".join(snooze.id for snooze in triage.in_force(now)) or "none is in force"
        raise SettingsError("SNOOZE", f"the id of one snooze ({known})", name, where="triage")
    return found[0]


def _label(alert: Alert, *, right: bool, at: int) -> Label | None:
    """The verdict as the worker takes it; None where the alert is about no payment."""
    names = [alert.evidence.get(field) for field in ("transaction", "customer", "terminal")]
    if not all(isinstance(name, str) and name for name in names):
        return None
    transaction, customer, terminal = map(str, names)
    return Label(transaction=transaction, at=at, customer=customer, terminal=terminal, fraud=right)
