"""``weir alerts``: the alert topic, readable."""

from pathlib import Path

import click
import msgspec
from rich.console import Console

from stream.commands.options import bootstrap_option, config_option, settings_from
from stream.consume import consumer_of, read_for_ever, read_to_end
from stream.errors import SettingsError
from stream.show import line, reasons
from stream.wire.events import Alert
from stream.wire.topics import ALERTS

_SEVERITIES = ("low", "medium", "high", "critical")


@click.command()
@config_option
@bootstrap_option
@click.option("--from-beginning", is_flag=True, help="Begin with the oldest alert kept; default: only new ones.")
@click.option("--until-end", is_flag=True, help="Stop at the end of the topic as it is now (implies --from-beginning).")
@click.option("--kind", help="Only alerts of this kind: fraud, market, liquidity, feed …")
@click.option("--severity", type=click.Choice(_SEVERITIES), default="low", help="Only this severity and above.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for pipes.")
def alerts(
    config: Path | None,
    bootstrap: str | None,
    *,
    from_beginning: bool,
    until_end: bool,
    kind: str | None,
    severity: str,
    as_json: bool,
) -> None:
    """Read the alerts as they come: severity, whom it is about, why, and the top reasons. Ctrl-C ends it."""
    settings = settings_from(config, bootstrap)
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    consumer = consumer_of(settings, [ALERTS.name], from_beginning=from_beginning or until_end)
    console = Console(highlight=False, soft_wrap=True)
    least = _SEVERITIES.index(severity)
    try:
        for _, value in read_to_end(consumer) if until_end else read_for_ever(consumer):
            alert = msgspec.json.decode(value, type=Alert)
            if (kind and alert.kind != kind) or _SEVERITIES.index(alert.severity) < least:
                continue
            if as_json:
                click.echo(value)
            else:
                _show(console, alert)
    finally:
        consumer.close()


def _show(console: Console, alert: Alert) -> None:
    console.print(line(alert))
    for why in reasons(alert):
        console.print(f"         {why}", style="dim")
