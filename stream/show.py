"""How an alert looks to a person: one line when it comes, a panel with its reasons when asked."""

from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stream.core.sentences import phrase
from stream.summary import Summary
from stream.wire.events import Alert

_COLOURS = {"low": "cyan", "medium": "yellow", "high": "dark_orange", "critical": "bold red"}
_REASONS = 3
_WORTH_SHOWING = 0.02  # of the score


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
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.5g}"


def reasons(alert: Alert) -> list[str]:
    """Write the top reasons in words, each with its share of the score; what says the same is added up."""
    shares: dict[str, float] = {}
    for why in alert.reasons:
        words = phrase(why)
        shares[words] = shares.get(words, 0.0) + (why.contribution / alert.score if alert.score else 0.0)
    top = sorted(shares.items(), key=lambda pair: -pair[1])[:_REASONS]
    return [f"{share:4.0%}  {words}" for words, share in top if share >= _WORTH_SHOWING]


def print_summary(console: Console, summary: Summary) -> None:
    """Print the figures of a run as a table."""
    table = Table(title="summary", title_justify="left", show_header=False, box=None)
    told = ", ".join(f"{kind} {count:,}" for kind, count in summary.alerts.items()) or "none"
    refused = ", ".join(f"{reason} {count:,}" for reason, count in summary.dead_letter_reasons.items())
    latency = ", ".join(f"{name} {value:,.0f}" for name, value in summary.latency_ms.items())
    table.add_row(
        "events in", f"{summary.events_in:,} ({summary.events_per_second:,.0f}/s for {summary.seconds:,.1f} s)"
    )
    table.add_row("scored", f"{summary.scored:,}")
    table.add_row("dead letters", f"{summary.dead_letters:,}" + (f" ({refused})" if refused else ""))
    table.add_row("duplicates", f"{summary.duplicates:,}")
    table.add_row("labels", f"{summary.labels['in']:,}")
    table.add_row("alerts", f"{told}; held back by a cooldown {summary.held_back:,}")
    if latency:
        table.add_row("produced → alert read, ms", latency)
    if summary.precision is not None and summary.recall is not None:
        table.add_row("against the truth", f"precision {summary.precision:.3f}, recall {summary.recall:.3f}")
    console.print(table)
