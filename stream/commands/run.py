"""``weir run``: the whole of Weir in one command, on an embedded Kafka if none is named."""

import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
import msgspec
from rich.console import Console

from stream.commands.certificates import require_package
from stream.commands.console import require_extra
from stream.commands.options import OutFile, bootstrap_option, config_option, file_options, settings_from
from stream.errors import SettingsError
from stream.settings import Kafka, Settings
from stream.show import print_summary


class Duration(click.ParamType):
    """``90``, ``90s``, ``10m``, ``1h`` or ``1d``, in seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(value))
        if match is None:
            self.fail(f"{value!r} is no duration; write 60s, 10m or 1h", param, ctx)
        return float(match.group(1)) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}[match.group(2)]


_positive = click.FloatRange(min=0, min_open=True)


@click.command()
@config_option
@bootstrap_option
@click.option("--for", "seconds", type=Duration(), help="Stop by itself after so long: 60s, 10m. Default: at Ctrl-C.")
@click.option("--rate", type=_positive, default=1000.0, show_default=True, help="Records/s of each simulator.")
@click.option("--speed", type=_positive, default=600.0, show_default=True, help="Event time over wall time, of files.")
@click.option(
    "--history",
    type=click.IntRange(min=0),
    default=100_000,
    show_default=True,
    help="Simulated card records sent at full speed before the clock starts, so that customers have habits.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulators: same seed, same events.")
@file_options
@click.option(
    "--secure",
    type=click.Path(path_type=Path, file_okay=False),
    help="Shut the embedded Kafka's doors; certificates and passwords are kept in this folder.",
)
@click.option("--console", "serves_page", is_flag=True, help="Serve the web page too, and show a link that signs in.")
@click.option("--json", "json_path", type=OutFile(), help="Write the summary here.")
def run(
    config: Path | None,
    bootstrap: str | None,
    *,
    seconds: float | None,
    rate: float,
    speed: float,
    history: int,
    seed: int,
    transactions: Path | None,
    ticks: Path | None,
    mapping: Path | None,
    secure: Path | None,
    serves_page: bool,
    json_path: Path | None,
) -> None:
    """Start Kafka, a worker and producers, and watch alerts come with their reasons.

    Without files, simulated cards and a simulated market produce; --transactions and --ticks replay recorded ones in
    event time instead. Ctrl-C (or --for) stops the producers, lets the worker finish, and prints a summary.
    """
    from stream.run.plan import Inputs, place  # noqa: PLC0415
    from stream.run.session import Session  # noqa: PLC0415

    settings = settings_from(config, bootstrap)
    console = Console(highlight=False)
    inputs = Inputs(
        rate=rate,
        speed=speed,
        seed=seed,
        history=history,
        transactions=transactions,
        ticks=ticks,
        mapping=mapping,
    )
    inputs.require_sources(settings)
    if secure is not None and settings.kafka.bootstrap:
        raise SettingsError("--secure", "no other Kafka named: it is about the embedded one", where="run")
    if serves_page:
        require_extra()
    began = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # while nothing is watched yet, either just ends it
    with _kafka(settings, secure, console) as (reached, users):
        placed = place(reached, reached.kafka.bootstrap, console)
        with Session(placed, config, console, users) as session:
            session.start(inputs)
            console.print(f"ready after {time.monotonic() - began:.1f} s: Kafka at {placed.kafka.bootstrap}")
            console.print(f"metrics at {session.metrics}/metrics")
            if serves_page:
                console.print(f"in a browser: {session.serve_console()}", soft_wrap=True)
            console.print(f"in another shell: {_words_for_alerts(placed, users.get('analyst'))}", soft_wrap=True)
            summary = session.watch(inputs, _stop_on_signals(), seconds)
    print_summary(console, summary)
    if json_path is not None:
        json_path.write_bytes(msgspec.json.format(msgspec.json.encode(summary)) + b"\n")


@contextmanager
def _kafka(settings: Settings, secure: Path | None, console: Console) -> Iterator[tuple[Settings, dict[str, Kafka]]]:
    """Yield the settings by which the Kafka to use is reached, and its users: none where nobody is asked."""
    from deployment.local.choose import kafka_for  # noqa: PLC0415  # none of this is needed for --help

    if secure is None:
        with kafka_for(settings, on_progress=console.print) as address:
            kafka = msgspec.structs.replace(settings.kafka, bootstrap=address)
            yield msgspec.structs.replace(settings, kafka=kafka), {}
        return
    require_package()
    from deployment.local.secured import ADMIN  # noqa: PLC0415
    from deployment.local.users import secured_kafka  # noqa: PLC0415

    with secured_kafka(settings, secure.resolve(), on_progress=console.print) as known:
        yield known[ADMIN], {role: one.kafka for role, one in known.items()}


def _words_for_alerts(settings: Settings, user: Kafka | None) -> str:
    from stream.run.plan import environment  # noqa: PLC0415  # none of this is needed for --help

    kafka = settings.kafka
    prefix = f"WEIR_KAFKA_PREFIX={kafka.prefix} " if kafka.prefix else ""
    if user is not None:
        prefix = "".join(
            f"{name}={value} " for name, value in environment(settings, user).items() if "KAFKA" in name and value
        )
    return f"{prefix}weir alerts --bootstrap {kafka.bootstrap}"


def _stop_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set; a second one ends the program as usual."""
    stop = threading.Event()

    def ask(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.default_int_handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return stop
