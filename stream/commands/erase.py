"""``weir erase``: forget a customer, and say what Kafka keeps and until when."""

from datetime import UTC, datetime
from pathlib import Path

import click

from stream.commands.options import bootstrap_option, config_option, settings_from
from stream.errors import SettingsError


@click.command()
@click.argument("customer")
@config_option
@bootstrap_option
def erase(customer: str, config: Path | None, bootstrap: str | None) -> None:
    """Forget CUSTOMER, a token as it stands in payments. End all workers first; begin them again after.

    Their history is taken out of the state, notes about their alerts are removed, and every command, the console and
    new models pass over what else names them. Those records stay on Kafka, hidden, until their topics' retention ends:
    it takes single records out of no topic (docs/security.md).
    """
    settings = settings_from(config, bootstrap)
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    from stream.erasing import erase as forget  # noqa: PLC0415  # Kafka's client only when it is needed

    done = forget(settings, customer)
    click.echo(f"out of the state; {done.alerts} alerts hidden, {done.notes} notes removed")
    for topic, until in done.kept.items():
        click.echo(f"{topic}: hidden, gone by {datetime.fromtimestamp(until / 1000, UTC):%Y-%m-%d} at the latest")
