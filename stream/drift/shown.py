"""The monitor's figures as tables for a terminal."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from stream.drift.groups import gap
from stream.drift.monitor import Figures
from stream.drift.outcomes import DELAYS
from stream.drift.watch import State
from stream.settings import Monitor
from stream.show import number, when

_SHOWN = 8  # columns that moved furthest


def tables(figures: Figures, limits: Monitor, *, currency: str) -> Group:
    """Show what is known: live, expected, money, drift."""
    if not figures.at:
        return Group(Text("nothing was scored yet"))
    drift = (_drift(version, state, limits) for version, state in figures.drift.items())
    groups = [_groups(figures)] if figures.groups else []
    return Group(_live(figures), _money(figures, currency), *groups, *drift)


def _live(figures: Figures) -> Table:
    title = f"by {figures.verdicts:,} verdicts, up to {when(figures.at)} UTC"
    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    table.add_column("SUBJECT")
    names = ("ALERTS", "PRECISION", "(EXPECTED)", "RECALL", "(EXPECTED)", "FALSE / 1,000", "EXPECTED / REAL")
    for name in (*names, *(f"RECALL ≤ {days} D" for days in DELAYS)):
        table.add_column(name, justify="right")
    expected = {one.detector: one for one in figures.estimated}
    for live in figures.live:
        one = expected.get(live.subject)
        ratio = figures.expected_over_real.get(live.subject)
        table.add_row(
            live.subject,
            f"{live.alerts:,.0f}",
            _share(live.precision),
            _share(one.precision) if one else "",
            _share(live.recall),
            _share(one.recall) if one else "",
            number(live.false_alarms_per_1000),
            "" if one is None else number(ratio),
            *(_share(live.recall_by_days[days]) for days in DELAYS),
        )
    return table


def _money(figures: Figures, currency: str) -> Text:
    money = figures.money
    text = Text(
        f"\ncaught {money.caught / 100:,.2f} {currency}, less reviews {money.reviews / 100:,.2f}: "
        f"saved {money.saved / 100:,.2f} {currency}\n"
    )
    kept = ", ".join(
        f"{count:,} {drawer}" + (f" (each for {weight:,})" if weight > 1 else "")
        for drawer, (count, weight) in figures.kept.items()
    )
    text.append(f"{figures.unmatched:,} verdicts about payments not known here; in memory: {kept}\n", style="dim")
    return text


def _groups(figures: Figures) -> Table:
    table = Table(title="groups of customers", title_justify="left", box=None, header_style="bold", pad_edge=False)
    for name in ("GROUP", "PAYMENTS", "ALERTS", "FALSE ALARMS", "RECALL"):
        table.add_column(name, justify="left" if name == "GROUP" else "right")
    fields = ("alert_rate", "false_alarm_rate", "recall")
    for one in figures.groups:
        table.add_row(one.group, f"{one.payments:,.0f}", *(_fine(getattr(one, field)) for field in fields))
    table.add_row("largest gap", "", *(_fine(gap(figures.groups, field)) for field in fields), style="bold")
    return table


def _drift(version: str, state: State, limits: Monitor) -> Group:
    title = f"drift of model {version}: {state.rows:,} payments up to {when(state.at)} UTC against training"
    if not state.psi:
        title = f"drift of model {version}: too few payments yet"
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("COLUMN", "PSI", "KS", "CREEP"):
        table.add_column(name, justify="left" if name == "COLUMN" else "right")
    for name in sorted(state.psi, key=lambda name: -state.psi[name])[:_SHOWN]:
        creep = state.creep.get(name)
        style = "bold red" if state.psi[name] >= limits.psi else ""
        shown = "" if creep is None else f"{creep:.2f}"
        table.add_row(name, f"{state.psi[name]:.3f}", f"{state.ks[name]:.3f}", shown, style=style)
    return Group(Text(f"\n{title}"), table)


def _fine(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
