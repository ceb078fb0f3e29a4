"""How an alert looks to an analyst: its line, its reasons, its score, and what people have said of it."""

from datetime import UTC, datetime

from rich.text import Text

from stream.core.triage import Triage
from stream.show import line, number, reasons, when
from stream.triage.held import HeldAlert, HeldPayment
from stream.wire.events import Alert

_INDENT = " " * 9  # under the time


def card(alert: Alert, triage: Triage) -> Text:
    """The alert with its reasons, its id to act by, and who has it in hand."""
    text = line(alert)
    for why in reasons(alert):
        text.append(f"\n{_INDENT}{why}", style="dim")
    chance = "" if alert.probability is None else f", probability {alert.probability:.0%}"
    ratio = f", {alert.score / alert.threshold:.1f} × its threshold" if alert.threshold > 0 else ""
    text.append(f"\n{_INDENT}{alert.id}", style="cyan")
    text.append(f"  {alert.detector.name} {number(alert.score)}{ratio}{chance}", style="dim")
    state = standing(alert, triage)
    if state:
        text.append(f"\n{_INDENT}{state}", style="green")
    return text


def standing(alert: Alert, triage: Triage) -> str:
    """What people have said of an alert, in words; "" where nobody has."""
    verdict, taken = triage.verdicts.get(alert.id), triage.acknowledged.get(alert.id)
    if verdict is not None:
        said = "right" if verdict.right else "a false alarm"
        return f"{verdict.owner} says it was {said}{_noted(verdict.note)}"
    if taken is not None:
        return f"{taken.owner} looks into it{_noted(taken.note)}"
    snooze = triage.snooze_of(alert)
    return "" if snooze is None else f"snoozed by {snooze.owner} until {when(snooze.until)}{_noted(snooze.why)}"


def held_line(held: HeldAlert, triage: Triage) -> Text:
    """An alert that a sink was not told of: since when, and why."""
    one = held.delivery
    text = Text(f"{held.id}  (no longer on its topic)") if held.alert is None else line(held.alert)
    why = {
        "cooldown": f"{one.group!r} was told shortly before",
        "budget": "the budget of its day is spent",
        "acknowledged": f"{one.by} has it in hand",
        "snoozed": _snoozed(one.by, triage),
    }.get(one.why, one.why)
    what = f"not taken after {one.tries} tries" if one.outcome == "undelivered" else "held"
    at = datetime.fromtimestamp(one.at / 1000, UTC).strftime("%H:%M:%S")
    text.append(f"\n{_INDENT}{held.id}", style="cyan")
    text.append(f"  {what} at {one.sink} {at}, route {one.route}: {why}", style="dim")
    return text


def payment_line(payment: HeldPayment) -> Text:
    """A payment whose alert the worker held."""
    scores = ", ".join(
        f"{name} {number(score)} (threshold {number(payment.thresholds[name])})"
        for name, score in payment.scores.items()
    )
    text = Text("held     ")
    text.append(f"{when(payment.at)}  ", style="dim")
    text.append(f"payment {payment.transaction}  ", style="bold")
    text.append(f"{scores}: told of its customer or terminal shortly before (alerts.cooldown_seconds)")
    return text


def _snoozed(name: str, triage: Triage) -> str:
    snooze = triage.snoozes.get(name)
    if snooze is None:
        return f"snooze {name}"
    return f"snoozed by {snooze.owner} until {when(snooze.until)} ({name}){_noted(snooze.why)}"


def _noted(note: str) -> str:
    return f": {note}" if note else ""
