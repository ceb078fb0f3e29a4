"""``weir console``: the web page and the HTTP API, and the tokens by which one may use them."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from stream.commands.options import bootstrap_option, config_option, settings_from
from stream.errors import MachineError, SettingsError

if TYPE_CHECKING:
    from stream.console.tokens import Keyring
    from stream.settings import Settings

_ROLES = ("scorer", "viewer", "analyst", "admin")
_DAY_MS = 86_400_000


@click.group(invoke_without_command=True)
@config_option
@bootstrap_option
@click.option("--host", help="To listen on. Default: console.host, 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65_535), help="0 for any that is free. Default: console.port, 9110.")
@click.option(
    "--token", "named", metavar="NAME", help="Also make a token of this name for an admin, for this run alone."
)
@click.pass_context
def console(
    context: click.Context,
    config: Path | None,
    bootstrap: str | None,
    *,
    host: str | None,
    port: int | None,
    named: str | None,
) -> None:
    """Serve the web page and the HTTP API (docs/console.md), until Ctrl-C or SIGTERM.

    \b
        weir console token add ann --role analyst
        weir console
    """  # noqa: D301  # click's mark against re-wrapping
    if context.invoked_subcommand is not None:
        return
    settings = placed(settings_from(config, bootstrap), host=host, port=port)
    require_extra()
    from stream.console.process import serve  # noqa: PLC0415  # none of this is needed for --help

    keyring = keyring_of(settings)
    secret = "" if named is None else keyring.lend(named, "admin")
    if not keyring.tokens():
        raise SettingsError("console.tokens", "a token; make one: weir console token add NAME --role analyst")

    def ready(address: str) -> None:
        click.echo(f"console at {address}/" + (f"#token={secret}" if secret else ""))
        sys.stdout.flush()

    serve(settings, keyring, ready)


@console.group()
def token() -> None:
    """Make, list and end tokens. The file (console.tokens) holds their hashes alone."""


@token.command()
@config_option
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), required=True, help="What it may do.")
@click.option("--days", type=click.FloatRange(min=0, min_open=True), help="How long it holds. Default: until revoked.")
def add(config: Path | None, name: str, *, role: str, days: float | None) -> None:
    """Make a token and show it, this once.

    scorer may ask for decisions alone; viewer reads; analyst also acknowledges, judges and snoozes; admin also ends
    others' snoozes and sees who did what.
    """
    keyring = keyring_of(settings_from(config))
    click.echo(keyring.add(name, role, days=days))  # type: ignore[arg-type]  # click has checked it


@token.command("list")
@config_option
def list_command(config: Path | None) -> None:
    """Show names, roles and until when they hold."""
    for one in keyring_of(settings_from(config)).tokens():
        left = "" if one.until is None else f"  {(one.until - 1000 * time.time()) / _DAY_MS:,.1f} days left"
        click.echo(f"{one.name:<24} {one.role:<8}{left}")


@token.command()
@config_option
@click.argument("name")
def revoke(config: Path | None, name: str) -> None:
    """End a token; a running console hears of it at the next request."""
    keyring_of(settings_from(config)).revoke(name)
    click.echo(f"{name}: ended")


def placed(settings: "Settings", *, host: str | None, port: int | None, field: str = "port") -> "Settings":
    """Put options in the place of settings; raises SettingsError where no Kafka is named."""
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    from stream.logs import configure  # noqa: PLC0415  # not needed for --help

    configure(settings.log)
    changed: dict[str, object] = {} if host is None else {"host": host}
    if port is not None:
        changed[field] = port
    return msgspec.structs.replace(settings, console=msgspec.structs.replace(settings.console, **changed))


def require_extra() -> None:
    """Raise MachineError where the extra is not installed."""
    try:
        import litestar  # noqa: F401, PLC0415  # only whether it is there
        import uvicorn  # noqa: F401, PLC0415
    except ImportError:
        raise MachineError(
            "The console's web framework is not installed", "Install it: uv sync --extra console"
        ) from None


def keyring_of(settings: "Settings") -> "Keyring":
    """Open the file of tokens that the settings name."""
    from stream.console.tokens import Keyring  # noqa: PLC0415  # as above

    return Keyring(Path(settings.console.tokens))
