"""What the API answers with: an alert beside its reasons in words and what people have said of it, and the like."""

from typing import Literal, TypeAlias

import msgspec

from stream.core.sentences import phrase
from stream.core.triage import Triage
from stream.wire.events import Alert, RiskSnapshot
from stream.wire.triage import Snooze

State: TypeAlias = Literal["open", "acknowledged", "right", "wrong", "snoozed"]
_REASONS = 5
_WORTH_SAYING = 0.02  # of the score


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """One reason in words, and its share of the score."""

    share: float
    says: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What people have said of an alert, the last word first.

    owner  who; "" while it is open
    until  of a snooze, epoch ms
    """

    state: State
    owner: str = ""
    note: str = ""
    until: int | None = None


class AlertShown(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as it stands on its topic, its reasons in words, and what people have said of it."""

    alert: Alert
    why: list[Why]
    standing: Standing


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts, newest first.

    more  the ``cursor`` to go on with; "" where these were the last that are kept in memory
    """

    alerts: list[AlertShown]
    more: str


class SymbolShown(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol: its figures over time, oldest first, and the alerts about it, newest first."""

    symbol: str
    snapshots: list[RiskSnapshot]
    alerts: list[AlertShown]


class Snoozes(msgspec.Struct, frozen=True, kw_only=True):
    """Snoozes in force, the next to end first."""

    snoozes: list[Snooze]


def shown(alert: Alert, triage: Triage) -> AlertShown:
    """Put an alert beside its reasons and what people have said."""
    return AlertShown(alert=alert, why=_why(alert), standing=standing(alert, triage))


def standing(alert: Alert, triage: Triage) -> Standing:
    """What people have said of an alert."""
    verdict, taken = triage.verdicts.get(alert.id), triage.acknowledged.get(alert.id)
    if verdict is not None:
        return Standing(state="right" if verdict.right else "wrong", owner=verdict.owner, note=verdict.note)
    if taken is not None:
        return Standing(state="acknowledged", owner=taken.owner, note=taken.note)
    snooze = triage.snooze_of(alert)
    if snooze is not None:
        return Standing(state="snoozed", owner=snooze.owner, note=snooze.why, until=snooze.until)
    return Standing(state="open")


def _why(alert: Alert) -> list[Why]:
    """Reasons in words, those that say the same added up, the weightiest first."""
    shares: dict[str, float] = {}
    for reason in alert.reasons:
        says = phrase(reason)
        shares[says] = shares.get(says, 0.0) + (reason.contribution / alert.score if alert.score else 0.0)
    ranked = sorted(shares.items(), key=lambda pair: -pair[1])[:_REASONS]
    return [Why(share=share, says=says) for says, share in ranked if share >= _WORTH_SAYING]
