"""``weir audit``: the chain of alerts and changes, written, checked, and taken out of Kafka."""

import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from stream.commands.options import OutFile, bootstrap_option, config_option, settings_from
from stream.errors import SettingsError

if TYPE_CHECKING:
    from stream.core.chain import Verifier
    from stream.settings import Settings

_SHOWN = 50  # faults, at most


@click.group()
def audit() -> None:
    """Keep and check a hash-chained record of every alert, configuration and model (docs/audit.md)."""


@audit.command()
@config_option
@bootstrap_option
@click.option("--until-end", is_flag=True, help="Stop once all that stands on the topics now has its link.")
def record(config: Path | None, bootstrap: str | None, *, until_end: bool) -> None:
    """Follow alerts and changes, and write a link for each, until Ctrl-C or SIGTERM.

    Run it beside the workers, as often as you like: it goes on where the chains end, and two of them write the same.
    """
    settings = _placed(config, bootstrap)
    from stream.access import require_role  # noqa: PLC0415  # Kafka's client only when it is needed
    from stream.audit.recorder import Recorder  # noqa: PLC0415
    from stream.logs import configure  # noqa: PLC0415

    configure(settings.log)
    require_role("audit", settings)
    stop: list[int] = []

    def ask(number: int, _: FrameType | None) -> None:
        stop.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    count = 0
    with Recorder(settings) as recorder:
        if until_end:
            count = recorder.record_to_end()
        while not until_end and not stop:
            count += recorder.record()
    click.echo(f"{count:,} links written")


@audit.command()
@config_option
@bootstrap_option
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Check a file of `weir audit export`; touch no broker.",
)
@click.option(
    "--heads",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What an earlier --json wrote: those links must still be there.",
)
@click.option("--json", "json_path", type=OutFile(), help="Write where the chains stand, to be kept elsewhere.")
def verify(
    config: Path | None, bootstrap: str | None, *, source: Path | None, heads: Path | None, json_path: Path | None
) -> None:
    """Find a changed, missing or reordered byte, and name where. Exits with 1 when there is one.

    On a broker each link is checked, then each alert and change that is still on its topic against its link.
    """
    from stream.audit.reading import links_of, verify_broker  # noqa: PLC0415  # Kafka's client only when it is needed
    from stream.core.chain import Verifier  # noqa: PLC0415

    waiting = 0
    if source is not None:
        verifier = Verifier()
        for where, value in links_of(source):
            verifier.take(value, where)
    else:
        verifier, waiting = verify_broker(_placed(config, bootstrap))
    if heads is not None:
        verifier.require(_read_heads(heads))
    _tell(verifier, waiting)
    if json_path is not None:
        json_path.write_text(json.dumps({"chains": verifier.heads(), "faults": len(verifier.faults)}, indent=1) + "\n")
    if verifier.faults:
        sys.exit(1)


@audit.command()
@click.argument("file", type=OutFile())
@config_option
@bootstrap_option
def export(file: Path, config: Path | None, bootstrap: str | None) -> None:
    """Write every link into FILE, one a line, as it stands: evidence that can be checked anywhere."""
    settings = _placed(config, bootstrap)
    from stream.audit.reading import links  # noqa: PLC0415  # Kafka's client only when it is needed

    count = 0
    with file.open("wb") as sink:
        for _, _, value in links(settings):
            sink.write(value + b"\n")
            count += 1
    click.echo(f"{count:,} links in {file}")


def _placed(config: Path | None, bootstrap: str | None) -> "Settings":
    settings = settings_from(config, bootstrap)
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    return settings


def _read_heads(path: Path) -> dict[str, dict[str, object]]:
    try:
        chains = json.loads(path.read_text())["chains"]
        return {str(name): {"links": int(head["links"]), "hash": str(head["hash"])} for name, head in chains.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SettingsError("--heads", "a file of `weir audit verify --json`", str(path)) from None


def _tell(verifier: "Verifier", waiting: int) -> None:
    for fault in verifier.faults[:_SHOWN]:
        click.echo(str(fault))
    if len(verifier.faults) > _SHOWN:
        click.echo(f"… and {len(verifier.faults) - _SHOWN:,} more")
    for name, head in verifier.heads().items():
        click.echo(f"{name}: {head['links']:,} links, head {head['hash']}")
    if waiting:
        click.echo(f"{waiting:,} records have no link yet: `weir audit record` writes them")
    faults = len(verifier.faults)
    click.echo("no fault" if not faults else f"{faults:,} fault{'s' if faults > 1 else ''}")
