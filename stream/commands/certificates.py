"""``weir certificates``: an authority and a broker certificate for development, made, and made anew, by one command."""

import importlib.util
from pathlib import Path

import click

from stream.commands.options import bootstrap_option, config_option, settings_from
from stream.errors import MachineError
from stream.settings import Kafka


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--host",
    "hosts",
    multiple=True,
    default=("localhost", "127.0.0.1"),
    show_default=True,
    help="By which clients reach it. Repeatable.",
)
@click.option(
    "--days", type=click.FloatRange(min=0, min_open=True), default=7.0, show_default=True, help="Until it ends."
)
@click.option("--reload", "reloads", is_flag=True, help="Have the running broker take it, without a restart.")
@config_option
@bootstrap_option
def certificates(
    folder: Path, hosts: tuple[str, ...], *, days: float, reloads: bool, config: Path | None, bootstrap: str | None
) -> None:
    """Write a new certificate for a Kafka broker into FOLDER, and the authority that vouches for it if there is none.

    For development: `ca.pem` is what clients trust (kafka.ca_file), `broker.pem` is the broker's key and chain, in PEM
    as Kafka takes it. Call it again, with --reload, before the certificate ends: nobody is disconnected.

    \b
        weir certificates secrets
        weir certificates secrets --reload --bootstrap localhost:9093
    """  # noqa: D301  # click's mark against re-wrapping
    require_package()
    from deployment.certificates import AUTHORITY, BROKER, issue  # noqa: PLC0415  an extra: no worker needs it

    made = issue(folder, hosts=hosts, days=days)
    click.echo(f"{folder / BROKER}: for {', '.join(hosts)}, until {made.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
    click.echo(f"{folder / AUTHORITY}: what clients are to trust")
    if reloads:
        count = _reload(settings_from(config, bootstrap).kafka, folder.resolve() / BROKER)
        click.echo(f"{count} brokers use it for new connections from now on")


def require_package() -> None:
    """Return if certificates can be made here; raise MachineError with the package that is missing."""
    if importlib.util.find_spec("cryptography") is None:
        raise MachineError("The package cryptography is missing", "Install the extra: uv sync --extra certificates")


def _reload(kafka: Kafka, store: Path) -> int:
    """Have every broker read its certificate again; returns how many did."""
    from kafka.admin import ConfigResource, ConfigResourceType  # noqa: PLC0415  Kafka's client only when it is needed
    from kafka.errors import KafkaError  # noqa: PLC0415

    from stream.agents.topics import admin_of  # noqa: PLC0415

    admin = admin_of(kafka)
    try:
        brokers = [str(one["broker_id"]) for one in admin.describe_cluster()["brokers"]]
        for node in brokers:
            doors = {f"listener.name.{door}.ssl.keystore.location": str(store) for door in ("client", "broker")}
            admin.alter_configs(
                [ConfigResource(ConfigResourceType.BROKER, node, configs=doors)], raise_on_unknown=False
            )
    except KafkaError as error:
        raise MachineError(
            f"The broker did not take the certificate: {type(error).__name__}",
            "Ask as an administrator, and give the folder that the broker reads",
        ) from None
    finally:
        admin.close()
    return len(brokers)
