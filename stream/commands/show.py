"""How an alert looks to a person: one line when it comes, a panel with its reasons when asked."""

from datetime import UTC, datetime

from rich.text import Text

from stream.wire.events import Alert, Reason

_COLOURS = {"low": "cyan", "medium": "yellow", "high": "dark_orange", "critical": "bold red"}


def when(at: int) -> str:
    """Write epoch milliseconds as UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def line(alert: Alert) -> Text:
    """Severity, time, kind, entity, and why in one sentence."""
    text = Text()
    text.append(f"{alert.severity:<8} ", style=_COLOURS.get(alert.severity, ""))
    text.append(f"{when(alert.at)}  ", style="dim")
    text.append(f"{alert.kind} ")
    text.append(f"{alert.entity.kind} {alert.entity.id}  ", style="bold")
    text.append(alert.sentence)
    return text


def number(value: float | None) -> str:
    """Write a figure briefly; a dash for none."""
    return "–" if value is None else f"{value:,.4g}"


def reason(why: Reason, score: float) -> str:
    """Write one reason with its share of the score."""
    share = f"{why.contribution / score:4.0%}" if score else "    "
    return f"{share}  {why.feature} {number(why.value)} (usual {number(why.usual)})"
