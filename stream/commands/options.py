"""Options that several commands share, so that they read and behave alike."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click
import msgspec

from stream.errors import SettingsError
from stream.settings import LogFormat, LogLevel, Settings, load_settings

F = TypeVar("F", bound=Callable[..., Any])


class OutFile(click.Path):
    """A file to be written, in a folder that there is: told before anything starts, not when all is done."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False, writable=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.parent.is_dir():
            self.fail(f"there is no folder {str(path.parent)!r} to write {path.name!r} in", param, ctx)
        return path


def config_option(command: F) -> F:
    """``--config``: the settings file."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Settings file. Default: weir.toml here, if there is one.",
    )(command)


def bootstrap_option(command: F) -> F:
    """``--bootstrap``: which Kafka."""
    return click.option(
        "--bootstrap",
        metavar="HOST:PORT",
        help="Kafka to use. Default: WEIR_BOOTSTRAP, then the settings; `weir run` starts one where none is named.",
    )(command)


def log_options(command: F) -> F:
    """``--log`` and ``--log-level``: how the process logs."""
    for option in (
        click.option("--log-level", type=click.Choice(get_args(LogLevel)), help="Default: log.level, WARNING."),
        click.option("--log", type=click.Choice(get_args(LogFormat)), help="Default: log.format, text."),
    ):
        command = option(command)
    return command


def logged(settings: Settings, form: str | None, level: str | None) -> Settings:
    """Put ``--log`` and ``--log-level`` in the place of settings."""
    given = {name: value for name, value in (("format", form), ("level", level)) if value is not None}
    return msgspec.structs.replace(settings, log=msgspec.structs.replace(settings.log, **given))


def file_options(command: F) -> F:
    """``--transactions``, ``--ticks`` and ``--mapping``: recorded input."""
    for option in (
        click.option(
            "--mapping",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="Columns of the files, as TOML (docs/recorded-data.md). Default: known formats are recognised.",
        ),
        click.option(
            "--ticks",
            type=click.Path(path_type=Path, exists=True),
            help="CSV or Parquet file of trades or quotes, or a folder of them.",
        ),
        click.option(
            "--transactions",
            type=click.Path(path_type=Path, exists=True),
            help="CSV or Parquet file of card payments, or its folder.",
        ),
    ):
        command = option(command)
    return command


def settings_from(config: Path | None, bootstrap: str | None = None) -> Settings:
    """Read the settings; ``--bootstrap`` wins over them."""
    settings = load_settings(config)
    if not bootstrap:
        return settings
    return msgspec.structs.replace(settings, kafka=msgspec.structs.replace(settings.kafka, bootstrap=bootstrap))


def require_bootstrap(settings: Settings) -> None:
    """Raise SettingsError where no Kafka is named."""
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
