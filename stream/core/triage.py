"""What people have said of alerts, folded from the topic ``triage``: snoozes, acknowledgements, verdicts."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from stream.wire.events import Alert
from stream.wire.triage import Acknowledgement, Snooze, TriageRecord, Verdict


@dataclass(slots=True)
class Triage:
    """The latest record of every key; the same after the same records, whoever reads them."""

    snoozes: dict[str, Snooze] = field(default_factory=dict)  # by id
    acknowledged: dict[str, Acknowledgement] = field(default_factory=dict)  # by alert
    verdicts: dict[str, Verdict] = field(default_factory=dict)  # by alert

    def take(self, record: TriageRecord) -> None:
        """Add a record; it takes the place of an earlier one of its key."""
        match record:
            case Snooze():
                self.snoozes = {**self.snoozes, record.id: record}  # anew: another thread may be looking through it
            case Acknowledgement():
                self.acknowledged[record.alert] = record
            case Verdict():
                self.verdicts[record.alert] = record

    def snooze_of(self, alert: Alert) -> Snooze | None:
        """The snooze that was in force when an alert was emitted; of several, the one that lasts longest."""
        found = (s for s in self.snoozes.values() if s.at <= alert.emitted_at < s.until and covers(s, alert))
        return max(found, key=lambda snooze: (snooze.until, snooze.id), default=None)

    def owner_of(self, alert: str) -> str:
        """Who took an alert in hand, by acknowledgement or verdict; "" where nobody has."""
        record = self.verdicts.get(alert) or self.acknowledged.get(alert)
        return "" if record is None else record.owner

    def in_force(self, now: int) -> list[Snooze]:
        """Snoozes that hold at ``now``, epoch ms, the next to end first."""
        return sorted((s for s in self.snoozes.values() if s.at <= now < s.until), key=lambda s: (s.until, s.id))


def covers(snooze: Snooze, alert: Alert) -> bool:
    """Whether all conditions of a snooze hold for an alert, times aside; ``entity`` may be a pattern as in a shell."""
    return (
        snooze.kind in ("", alert.kind)
        and snooze.entity_kind in ("", alert.entity.kind)
        and snooze.detector in ("", alert.detector.name)
        and (not snooze.entity or fnmatchcase(alert.entity.id, snooze.entity))
    )
