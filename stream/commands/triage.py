"""``weir triage``: what an analyst does with alerts: snooze, acknowledge, and say what they turned out to be."""

import getpass
import time
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from stream.commands.options import bootstrap_option, config_option, settings_from
from stream.commands.run import Duration
from stream.errors import SettingsError
from stream.settings import Settings

_VERDICTS = {"fraud": True, "right": True, "genuine": False, "wrong": False}


def _owner(command: Callable[..., None]) -> Callable[..., None]:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = None
    return click.option("--owner", default=user, required=user is None, help="Who says so. Default: you.")(command)


@click.group()
def triage() -> None:
    """Snooze, acknowledge, or say what an alert turned out to be: every process of Weir sees the same at once.

    `weir alerts` shows the ids; the beginning of one is enough.
    """


@triage.command()
@config_option
@bootstrap_option
@click.option("--entity", default="", help="About whom: c42, customer:c42, or a pattern: 'terminal:m0*'.")
@click.option("--kind", default="", help="Of which kind: fraud, market, feed …")
@click.option("--detector", default="", help="By which detector.")
@click.option("--for", "seconds", type=Duration(), required=True, help="How long: 30m, 8h, 2d.")
@click.option("--why", default="", help="For those who wonder.")
@_owner
def snooze(
    config: Path | None,
    bootstrap: str | None,
    *,
    entity: str,
    kind: str,
    detector: str,
    seconds: float,
    why: str,
    owner: str,
) -> None:
    """Hold alerts for some time, where all conditions that are given hold. They are still scored, kept and shown."""
    from stream.triage.desk import Desk  # noqa: PLC0415  # Kafka's client only when it is needed

    entity_kind, _, whose = entity.rpartition(":")
    with Desk(_settings(config, bootstrap)) as desk:
        made = desk.snooze(owner, seconds, kind=kind, entity_kind=entity_kind, entity=whose, detector=detector, why=why)
    from stream.show import when  # noqa: PLC0415

    click.echo(f"{made.id}: snoozed until {when(made.until)} UTC; `weir triage wake {made.id}` ends it")


@triage.command()
@config_option
@bootstrap_option
@click.argument("snooze_id", metavar="SNOOZE")
@_owner
def wake(config: Path | None, bootstrap: str | None, *, snooze_id: str, owner: str) -> None:
    """End a snooze now; what it held stays untold, `weir alerts --held` shows it."""
    from stream.triage.desk import Desk, snooze_named  # noqa: PLC0415  # as above
    from stream.triage.follow import read_triage  # noqa: PLC0415

    settings = _settings(config, bootstrap)
    found = snooze_named(read_triage(settings), snooze_id, now=round(1000 * time.time()))
    with Desk(settings) as desk:
        desk.wake(found, owner)
    click.echo(f"{found.id}: ended")


@triage.command()
@config_option
@bootstrap_option
@click.argument("alert_ids", metavar="ALERT_ID…", nargs=-1, required=True)
@click.option("--note", default="", help="For those who read it later.")
@_owner
def ack(config: Path | None, bootstrap: str | None, *, alert_ids: tuple[str, ...], note: str, owner: str) -> None:
    """Take alerts in hand: others see by whom, and where one still waits for a sink it is told no more."""
    from stream.explanation import find_alert  # noqa: PLC0415  # as above
    from stream.triage.desk import Desk  # noqa: PLC0415

    settings = _settings(config, bootstrap)
    found = [find_alert(settings, name) for name in alert_ids]
    with Desk(settings) as desk:
        for alert in found:
            desk.acknowledge(alert, owner, note=note)
    for alert in found:
        click.echo(f"{alert.id}: {owner} looks into it")


@triage.command()
@config_option
@bootstrap_option
@click.argument("alert_id", metavar="ALERT_ID")
@click.argument("verdict_word", metavar="VERDICT", type=click.Choice(list(_VERDICTS)))
@click.option("--note", default="", help="For those who read it later.")
@_owner
def verdict(
    config: Path | None, bootstrap: str | None, *, alert_id: str, verdict_word: str, note: str, owner: str
) -> None:
    """Say what an alert turned out to be: fraud or genuine; of any other than a payment's: right or wrong.

    A payment's verdict goes to the topic labels, so that terminals' figures change at once, and models at the next
    `weir train`.
    """
    from stream.explanation import find_alert  # noqa: PLC0415  # as above
    from stream.triage.desk import Desk  # noqa: PLC0415

    settings = _settings(config, bootstrap)
    alert = find_alert(settings, alert_id)
    with Desk(settings) as desk:
        said, label = desk.verdict(alert, owner, right=_VERDICTS[verdict_word], note=note)
    also = f"; payment {label.transaction} is labelled so" if label is not None else ""
    click.echo(f"{said.alert}: {verdict_word}, says {owner}{also}")


@triage.command("list")
@config_option
@bootstrap_option
def list_command(config: Path | None, bootstrap: str | None) -> None:
    """Show the snoozes in force, the next to end first, and how much was acknowledged and judged."""
    from stream.show import when  # noqa: PLC0415  # as above
    from stream.triage.follow import read_triage  # noqa: PLC0415

    known = read_triage(_settings(config, bootstrap))
    table = Table("SNOOZE", "UNTIL (UTC)", "OWNER", "WHAT", "WHY", box=None, header_style="bold", pad_edge=False)
    for one in known.in_force(round(1000 * time.time())):
        entity = ":".join(filter(None, (one.entity_kind, one.entity)))
        what = " ".join(filter(None, (one.kind, entity, f"by {one.detector}" if one.detector else "")))
        table.add_row(one.id, when(one.until), one.owner, what, one.why)
    if table.row_count:
        Console().print(table)
    else:
        click.echo("no snooze is in force")
    rights = sum(verdict.right for verdict in known.verdicts.values())
    click.echo(
        f"{len(known.acknowledged):,} alerts acknowledged, {len(known.verdicts):,} judged, {rights:,} of them right"
    )


def _settings(config: Path | None, bootstrap: str | None) -> Settings:
    settings = settings_from(config, bootstrap)
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    return settings
