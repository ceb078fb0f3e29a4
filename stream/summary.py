"""The summary of a run, judged from outside: from what stands on the output topics and what the truth was."""

from collections import Counter
from dataclasses import dataclass, field

import msgspec
import numpy as np

from stream.wire.events import Alert, DeadLetter, Label, Scores
from stream.wire.topics import ALERTS, LABELS

_OTHERS = (LABELS.name, ALERTS.name)  # dead letters of which are no events that came in to be scored


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a run or a replay did.

    events_in   records on transactions and ticks
    scored      of them, judged: events_in = scored + dead_letters + duplicates when all is read; labels aside
    labels      records on labels: in, and of them dead letters
    latency_ms  produced (when the record was due) → alert consumed, by quantile; empty in a replay
    precision   fraud alerts on payments that were fraud, over all fraud alerts; None without truth
    recall      frauds flagged (told, or held back by a cooldown), over all frauds scored; None without truth
    """

    events_in: int
    scored: int
    dead_letters: int
    duplicates: int
    alerts: dict[str, int]
    held_back: int
    events_per_second: float
    latency_ms: dict[str, float]
    precision: float | None
    recall: float | None
    seconds: float
    dead_letter_reasons: dict[str, int]
    labels: dict[str, int]


@dataclass(slots=True)
class Tally:
    """Adds up output records; anything read twice counts once."""

    scored_payments: set[tuple[int, int]] = field(default_factory=set)
    alert_ids: set[str] = field(default_factory=set)
    letters: dict[str, DeadLetter] = field(default_factory=dict)
    alerts: dict[str, int] = field(default_factory=dict)
    latencies: list[int] = field(default_factory=list)
    flagged: set[str] = field(default_factory=set)  # transactions told or held back
    told: set[str] = field(default_factory=set)
    scored_ids: set[str] = field(default_factory=set)
    frauds: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)

    def alert(self, alert: Alert, *, consumed_at: int | None = None) -> bool:
        """Add an alert; False where its id was seen before."""
        if alert.id in self.alert_ids:
            return False
        self.alert_ids.add(alert.id)
        self.alerts[alert.kind] = self.alerts.get(alert.kind, 0) + 1
        if consumed_at is not None:
            self.latencies.append(consumed_at - alert.produced_at)
        if alert.kind == "fraud":
            transaction = str(alert.evidence.get("transaction"))
            self.told.add(transaction)
            self.flagged.add(transaction)
        return True

    def scores(self, scores: Scores) -> None:
        """Add a batch of scores."""
        self.scored_payments.update(zip(scores.partitions, scores.offsets, strict=True))
        self.scored_ids.update(scores.ids)
        held = [scores.ids[i] for i in scores.held]
        self.held.update(held)
        self.flagged.update(held)

    def dead_letter(self, letter: DeadLetter) -> None:
        """Add a dead letter."""
        self.letters[letter.id] = letter

    def truth(self, label: Label) -> None:
        """Add a verdict of the simulator."""
        if label.fraud:
            self.frauds.add(label.transaction)

    def precision(self) -> float | None:
        """Share of fraud alerts that were right; None without truth or alerts."""
        return len(self.told & self.frauds) / len(self.told) if self.frauds and self.told else None

    def recall(self) -> float | None:
        """Share of the scored frauds that were flagged; None without truth."""
        scored = self.frauds & self.scored_ids
        return len(scored & self.flagged) / len(scored) if scored else None

    def latency_ms(self) -> dict[str, float]:
        """Quantiles of produced → consumed; empty without alerts."""
        if not self.latencies:
            return {}
        p50, p99, p999 = np.quantile(self.latencies, [0.5, 0.99, 0.999]).tolist()
        return {"p50": p50, "p99": p99, "p999": p999}

    def summary(self, *, events_in: int, labels_in: int, ticks_scored: int, seconds: float) -> Summary:
        """Close the books.

        events_in, labels_in  records on the input topics, labels apart
        ticks_scored          ticks judged
        seconds               of wall clock
        """
        refused = [letter for letter in self.letters.values() if letter.source.topic not in _OTHERS]
        of_labels = sum(letter.source.topic == LABELS.name for letter in self.letters.values())
        reasons = Counter(letter.reason for letter in refused)
        duplicates = reasons.pop("duplicate", 0)
        return Summary(
            events_in=events_in,
            scored=len(self.scored_payments) + ticks_scored,
            dead_letters=sum(reasons.values()),
            duplicates=duplicates,
            alerts=dict(sorted(self.alerts.items())),
            held_back=len(self.held),
            events_per_second=events_in / seconds if seconds > 0 else 0.0,
            latency_ms=self.latency_ms(),
            precision=self.precision(),
            recall=self.recall(),
            seconds=seconds,
            dead_letter_reasons=dict(sorted(reasons.items())),
            labels={"in": labels_in, "dead_letters": of_labels},
        )
