"""``weir explain ALERT_ID``: the event, its features, the contributions and the history behind an alert; evidence."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.panel import Panel
from rich.table import Column, Table

from stream.commands.options import OutFile, bootstrap_option, config_option, settings_from
from stream.errors import SettingsError
from stream.explanation import Explanation, explain, find_alert, snapshots_before
from stream.show import line, number, when
from stream.wire.events import Alert, RiskSnapshot, Transaction

if TYPE_CHECKING:
    from models.detector import Detector
    from stream.explaining.margins import Margin
    from stream.explaining.passing import Way
    from stream.settings import Settings

_SNAPSHOTS = 4  # side by side, at most
_BAR = 16  # characters of the longest bar


@click.command("explain")
@click.argument("alert_id")
@config_option
@bootstrap_option
@click.option(
    "--history",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Payments before it to show; of a market alert, snapshots, at most four.",
)
@click.option("--plot", type=OutFile(), help="Write the contributions as a bar plot: FILE.png or FILE.html.")
@click.option(
    "--replay", "is_replay", is_flag=True, help="Only judge it again and compare; exit code 1 on any other bit."
)
@click.option(
    "--evidence",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a folder for a suspicious-activity report: Markdown, HTML, JSON, and the payments as CSV.",
)
def explain_command(
    alert_id: str,
    config: Path | None,
    bootstrap: str | None,
    *,
    history: int,
    plot: Path | None,
    is_replay: bool,
    evidence: Path | None,
) -> None:
    """Show why an alert was told. ALERT_ID is its id, or the beginning of it.

    The payment is judged again from the topics by the same code, so what is shown is what decided: beside each feature
    what is usual for this customer or terminal, then the nearest thresholds, and the smallest change of amount, time
    or terminal with which it would have passed.
    """
    settings = settings_from(config, bootstrap)
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    if plot is not None and plot.suffix not in (".png", ".html"):
        raise SettingsError("--plot", "a file that ends in .png or .html", plot.name, where="explain")
    console = Console(highlight=False)
    alert = find_alert(settings, alert_id)
    if alert.kind != "fraud" and (plot or is_replay or evidence):
        raise SettingsError("--plot, --replay, --evidence", "a payment's alert", alert.kind, where="explain")
    if not is_replay:
        _show_alert(console, alert)
    if alert.kind != "fraud":
        _show_snapshots(console, snapshots_before(settings, alert, min(history, _SNAPSHOTS)))
        return
    from stream.registry.arrivals import detectors_that_told  # noqa: PLC0415  # numba kernels only when they are needed

    detectors = detectors_that_told(settings, alert.detector.name, alert.detector.version)
    with console.status("reading the history …") as status:
        explained = explain(
            settings, alert, detectors, lambda count: status.update(f"reading the history … {count:,} records")
        )
    if is_replay:
        sys.exit(_compare(explained))
    _show_features(console, explained)
    _show_history(console, explained, history)
    _conclude(console, settings, detectors, explained, plot, evidence)


def _compare(explained: Explanation) -> int:
    """Say whether the replay told the same; the exit code."""
    from stream.explaining.sameness import differences  # noqa: PLC0415  # as above

    found = differences(explained)
    source = explained.alert.source
    where = f"{source.topic}/{source.partition} offset {source.offset}"
    if not found:
        click.echo(f"alert {explained.alert.id} judged again from {where}: the same in every bit")
        return 0
    click.echo(f"alert {explained.alert.id} judged again from {where}: NOT the same")
    for difference in found:
        click.echo(f"  {difference}")
    return 1


def _conclude(
    console: Console,
    settings: "Settings",
    detectors: "Sequence[Detector]",
    explained: Explanation,
    plot: Path | None,
    evidence: Path | None,
) -> None:
    from stream.explaining.bars import write_plot  # noqa: PLC0415  # as above
    from stream.explaining.margins import margins  # noqa: PLC0415
    from stream.explaining.passing import ways_to_pass  # noqa: PLC0415

    near = margins(explained.scores, explained.limits)
    _show_margins(console, near)
    with console.status("trying other amounts, times and terminals …"):
        ways = ways_to_pass(settings, detectors, explained)
    _show_ways(console, ways)
    if plot is not None:
        write_plot(explained, plot)
        console.print(f"\nplot: {plot}")
    if evidence is not None:
        _write_evidence(console, settings, explained, near, ways, evidence)


def _write_evidence(
    console: Console,
    settings: "Settings",
    explained: Explanation,
    near: "Sequence[Margin]",
    ways: "Sequence[Way]",
    folder: Path,
) -> None:
    from stream.explaining.chained import link_of  # noqa: PLC0415  # as above
    from stream.explaining.dossier import dossier_of  # noqa: PLC0415
    from stream.explaining.evidence import write_evidence  # noqa: PLC0415
    from stream.explaining.sameness import differences  # noqa: PLC0415

    link, digest = link_of(settings, explained.alert)
    dossier = dossier_of(
        explained, margins=near, ways=ways, differences=differences(explained), link=link, digest=digest
    )
    paths = write_evidence(dossier, explained, folder)
    console.print(f"\nevidence in {folder}: {', '.join(path.name for path in paths)}")


def _show_margins(console: Console, near: "Sequence[Margin]") -> None:
    console.print("\nthe nearest thresholds")
    table = Table("detector", "score", "threshold", "×", "nearest limit", "becomes there", box=None)
    for one in near:
        figures = (number(one.score), number(one.threshold), f"{one.ratio:.2f}", number(one.limit))
        table.add_row(one.detector, *figures, one.becomes)
    console.print(table)


def _show_ways(console: Console, ways: "Sequence[Way]") -> None:
    console.print("\nit would have passed with")
    for way in ways:
        console.print(f"  {way.what}")
    if not ways:
        console.print("  none of the amounts, times and terminals that were tried")


def _show_alert(console: Console, alert: Alert) -> None:
    console.print(Panel(line(alert), title=f"alert {alert.id}", title_align="left"))
    chance = "" if alert.probability is None else f", probability of fraud {alert.probability:.1%}"
    console.print(f"score {alert.score:.4g}, threshold {alert.threshold:.4g}{chance}. {alert.action}")
    console.print(f"{alert.detector.name} {alert.detector.version}, settings {alert.config}", style="dim")
    source = alert.source
    console.print(f"record {source.topic}/{source.partition}/{source.offset}", style="dim")
    width = max(map(len, alert.evidence), default=0)
    for key, value in alert.evidence.items():
        console.print(f"  {key:<{width}}  {value if isinstance(value, str | int) else number(value)}")
    for rule in alert.rules:
        console.print(f"rule {rule.name}: {rule.says}")
        for term in rule.terms:
            console.print(f"  {term.term}: was {number(term.value)}, limit {number(term.limit)}")


def _show_features(console: Console, explained: Explanation) -> None:
    same = abs(explained.score - explained.alert.score) <= 1e-9 * abs(explained.alert.score)
    verdict = (
        "the same as told" if same else f"told was {explained.alert.score:.6g}: history has expired since, or came late"
    )
    console.print(f"\nrecomputed score {explained.score:.6g} ({verdict})")
    table = Table("feature", "value", "usual", "share", "contribution", box=None)
    largest = max(share for _, _, share in explained.features.values()) or 1.0
    for name, (value, usual, share) in explained.features.items():
        bar = "█" * round(_BAR * max(share, 0.0) / largest)
        values = (number(None if figure != figure else figure) for figure in (value, usual))  # noqa: PLR0124  # nan
        table.add_row(name, *values, f"{share / explained.score:.1%}" if explained.score else "", bar)
    console.print(table)


def _show_history(console: Console, explained: Explanation, count: int) -> None:
    frauds = sum(verdict.fraud for verdict in explained.verdicts)
    console.print(f"\nthe customer's last payments before ({len(explained.customer)} in all)")
    _show_payments(console, explained.customer[-count:])
    console.print(
        f"\nthe terminal's last payments before ({len(explained.terminal)} in all; "
        f"{len(explained.verdicts)} verdicts known, {frauds} of them fraud)"
    )
    _show_payments(console, explained.terminal[-count:])


def _show_payments(console: Console, payments: list[Transaction]) -> None:
    for payment in payments:
        amount = f"{payment.amount / 100:,.2f} {payment.currency}"
        console.print(f"  {when(payment.at)}  {payment.customer}  {payment.terminal}  {amount:>16}  {payment.id}")


def _show_snapshots(console: Console, snapshots: list[RiskSnapshot]) -> None:
    if not snapshots:
        return
    console.print(f"\nthe last risk snapshots, up to {when(snapshots[-1].at)}")
    times = (Column(when(snapshot.at)[11:], justify="right") for snapshot in snapshots)
    table = Table(Column("figure", no_wrap=True), *times, box=None)
    for name in snapshots[-1].figures:
        table.add_row(name, *(number(snapshot.figures.get(name)) for snapshot in snapshots))
    console.print(table)
