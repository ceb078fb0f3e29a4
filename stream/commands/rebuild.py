"""``weir rebuild``: have the state of a stage made again from the stream, when its changelog is lost."""

from pathlib import Path

import click

from stream.commands.options import bootstrap_option, config_option, settings_from
from stream.errors import SettingsError
from stream.walk import STAGES


@click.command()
@click.argument("stage", type=click.Choice(STAGES))
@config_option
@bootstrap_option
def rebuild(stage: str, config: Path | None, bootstrap: str | None) -> None:
    """Begin a STAGE again at the first record of its topics, without its changelog.

    For when a worker says that its changelog is gone. End all workers first and start them after it: they make the
    state again, and tell no alert a second time. Refused where retention has removed the first records.
    """
    settings = settings_from(config, bootstrap)
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    from stream.agents.rebuilding import rebuild as begin_again  # noqa: PLC0415  # Kafka's client only when needed
    from stream.walk import stages_of  # noqa: PLC0415

    spec = next(spec for spec in stages_of(settings, ()) if spec.name == stage)
    records = begin_again(spec, settings, STAGES)
    click.echo(f"{stage}: its state is made again of {records:,} records by the next worker; start it now")
