"""Which suspicious payments are told, and how: the policy between a score and the topic ``alerts``."""

import math

import numpy as np

from models.detector import Fired, Telling
from stream.core.alerting import SEVERITIES, alert_id, amount_at_risk, reasons, severity, severity_of_loss
from stream.core.merge import Merged
from stream.core.names import FEATURES
from stream.core.scoring import Scored, Scorer
from stream.core.sentences import by_rules, sentence, usual_here
from stream.core.stage import Output
from stream.core.terminal_state import Cooldowns
from stream.settings import Settings
from stream.wire.codec import encode
from stream.wire.columns import Floats, Ints, Matrix
from stream.wire.events import Alert, DetectorRef, Entity, FiredRule, Reason, RuleTerm, SourceRef
from stream.wire.records import Outgoing
from stream.wire.topics import ALERTS, TRANSACTIONS

_ACTION = {
    "terminal": "Check the terminal's recent payments; consider suspending it.",
    "customer": "Call the customer; consider blocking the card.",
}


class PaymentAlerts:
    """Tells at most one alert per entity and cooldown; what is held back is marked in ``scores`` and counted.

    An alert that the terminal's own figures explain is about the terminal; any other is about the customer at that
    terminal, so that the decision needs nothing that lives elsewhere.
    """

    def __init__(self, partition: int, settings: Settings, scorer: Scorer, cooldowns: Cooldowns) -> None:
        self._partition = partition
        self._settings = settings
        self._config = settings.version
        self._scorer = scorer
        self._cooldowns = cooldowns
        self._of_terminal = [
            np.array([i for i, name in enumerate(d.features) if name.startswith("terminal_")], np.int64)
            for d in scorer.detectors
        ]
        self._usual = [dict(zip(d.features, np.asarray(d.usual).tolist(), strict=True)) for d in scorer.detectors]

    def tell(self, merged: Merged, rows: Ints, x: Matrix, scored: Scored, output: Output, now: int) -> list[int]:
        """Add the alerts of a batch to ``output``; returns the rows of ``x`` that were held back."""
        held: list[int] = []
        told: list[int] = []
        for row in scored.suspicious.tolist():
            alert = self._alert(merged, int(rows[row]), x, row, scored, now)
            if alert is None:
                held.append(row)
                output.counts["held_back", "fraud"] += 1
                continue
            told.append(row)
            output.counts["alerts", alert.kind, alert.severity] += 1
            output.records.append(
                Outgoing(
                    topic=ALERTS.name,
                    key=alert.entity.id.encode(),
                    value=encode(alert),
                    partition=self._partition,
                    id=alert.id,
                )
            )
        if told:
            output.alerted = np.concatenate((output.alerted, merged.produced[rows[told]]))
        return held

    def _alert(self, merged: Merged, i: int, x: Matrix, row: int, scored: Scored, now: int) -> Alert | None:
        which, contributions = self._scorer.decide(x, row, scored.scores)
        detector = self._scorer.detectors[which]
        entity = _about(self._of_terminal[which], contributions, merged.customer[i], merged.terminal[i])
        seq, origin, offset, at = (int(c[i]) for c in (merged.seq, merged.origin, merged.offset, merged.at))
        name = f"{entity.kind}:{entity.id}@{merged.terminal[i]}"
        cooldown_ms = 1000 * self._settings.alerts.cooldown_seconds
        late_ms = 1000 * self._settings.payments.max_late_seconds
        if not self._cooldowns.may_tell(name, (seq, origin, offset), at, cooldown_ms=cooldown_ms, late_ms=late_ms):
            return None
        value = dict(zip(FEATURES, x[row].tolist(), strict=True))
        top = self._settings.alerts.top_reasons
        why = reasons(detector.features, value, usual_here(value, self._usual[which]), contributions.tolist(), top)
        score = float(scored.scores[detector.name][row])
        amount, currency = int(merged.amount[i]) / 100, self._settings.payments.currency
        subject = f"{amount:,.2f} {currency} by customer {merged.customer[i]} at terminal {merged.terminal[i]}"
        rules = _told(self._scorer.fired(x, row, scored.scores))
        return Alert(
            id=alert_id(TRANSACTIONS.name, origin // 2, offset, detector.name),
            kind="fraud",
            severity=self._severity(entity, value, scored, x, row),
            at=at,
            detected_at=now,
            emitted_at=now,
            produced_at=int(merged.produced[i]),
            entity=entity,
            score=score,
            threshold=self._scorer.limit(which, x, row),
            probability=self._scorer.probability(which, score),
            reasons=why,
            sentence=self._sentence(which, subject, why, score, rules),
            detector=DetectorRef(name=detector.name, version=detector.version),
            config=self._config,
            source=SourceRef(topic=TRANSACTIONS.name, partition=origin // 2, offset=offset),
            evidence={
                "transaction": merged.id[i],
                "customer": merged.customer[i],
                "terminal": merged.terminal[i],
                "amount": int(merged.amount[i]),
                "currency": currency,
                **{f"score_{d}": float(s[row]) for d, s in scored.scores.items()},
            },
            action=_ACTION[entity.kind],
            rules=rules,
        )

    def _severity(self, entity: Entity, value: dict[str, float], scored: Scored, x: Matrix, row: int) -> str:
        """Take the highest of the detectors at their threshold: by the loss to be expected, else by the score."""
        at_risk, steps = amount_at_risk(entity.kind, value), self._settings.alerts.severity_losses
        grades = []
        for which, detector in enumerate(self._scorer.detectors):
            score, limit = float(scored.scores[detector.name][row]), self._scorer.limit(which, x, row)
            if score >= limit:  # nan, of one that failed, is not
                chance = self._scorer.probability(which, score)
                by_score = severity(score, limit)
                grades.append(by_score if chance is None else severity_of_loss(chance * at_risk, steps))
        return max(grades, key=SEVERITIES.index)

    def _sentence(
        self, which: int, subject: str, why: tuple[Reason, ...], score: float, rules: tuple[FiredRule, ...]
    ) -> str:
        """Say what the detector has to say: the rule where it is made of rules, else its reasons."""
        detector = self._scorer.detectors[which]
        if rules and isinstance(detector, Telling):
            return by_rules(subject, rules)
        return sentence(subject, why, score) if why else f"{subject}: {detector.name} gave no reasons."


def _about(of_terminal: Ints, contributions: Floats, customer: str, terminal: str) -> Entity:
    """The terminal where its features, at the places given, make up more than half of the score, else the customer."""
    if float(contributions[of_terminal].sum()) > 0.5 * float(contributions.sum()):
        return Entity(kind="terminal", id=terminal)
    return Entity(kind="customer", id=customer)


def _told(fired: tuple[Fired, ...]) -> tuple[FiredRule, ...]:
    return tuple(
        FiredRule(
            name=rule.name,
            says=rule.says,
            terms=tuple(
                RuleTerm(term=term.text, value=_finite(term.value), limit=_finite(term.limit)) for term in rule.terms
            ),
        )
        for rule in fired
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
