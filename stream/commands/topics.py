"""``weir topics``: create every topic of the table, or show it."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Column, Table

from stream.commands.options import bootstrap_option, config_option, settings_from
from stream.errors import SettingsError
from stream.wire.topics import DAY_MS, TOPICS, Topic


@click.command()
@config_option
@bootstrap_option
@click.option("--list", "show", is_flag=True, help="Only show the table; touch no broker.")
def topics(config: Path | None, bootstrap: str | None, *, show: bool) -> None:
    """Create every topic with its partitions, retention and compaction; those that exist are left as they are."""
    settings = settings_from(config, bootstrap)
    if show:
        columns = (Column("topic", overflow="fold"), "key", "event", "partitions", "kept")
        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for topic in TOPICS:
            table.add_row(
                settings.kafka.prefix + topic.name, topic.key, topic.event, str(settings.kafka.partitions), _kept(topic)
            )
        Console().print(table)
        return
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    from stream.agents.topics import create_topics  # noqa: PLC0415  # Kafka's client only when it is needed
    from stream.walk import STAGES  # noqa: PLC0415

    made = create_topics(settings.kafka.bootstrap, settings, STAGES)
    click.echo(f"{len(made)} topics created at {settings.kafka.bootstrap}, the others were there")


def _kept(topic: Topic) -> str:
    if topic.compact:
        return "the last of each key"
    return "for ever" if topic.retention_ms < 0 else f"{topic.retention_ms // DAY_MS} d"
