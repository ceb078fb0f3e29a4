"""``weir run``: the whole of Weir in one command, on an embedded Kafka if none is named."""

import re
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import click
import msgspec
from rich.console import Console

from stream.commands.options import bootstrap_option, config_option, file_options, settings_from
from stream.commands.show import print_summary
from stream.run.children import Child
from stream.run.ready import counter, wait_ready
from stream.run.view import View
from stream.run.watch import Watch
from stream.settings import Settings
from stream.summary import Summary
from stream.wire.topics import LABELS, TICKS, TRANSACTIONS

_DRAIN_SECONDS = 60.0  # for the worker to finish what was produced


class Duration(click.ParamType):
    """``90``, ``90s``, ``10m`` or ``1h``, in seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", str(value))
        if match is None:
            self.fail(f"{value!r} is no duration; write 60s, 10m or 1h", param, ctx)
        return float(match.group(1)) * {"": 1, "s": 1, "m": 60, "h": 3600}[match.group(2)]


@click.command()
@config_option
@bootstrap_option
@click.option("--for", "seconds", type=Duration(), help="Stop by itself after so long: 60s, 10m. Default: at Ctrl-C.")
@click.option(
    "--rate", type=click.FloatRange(min=1), default=1000.0, show_default=True, help="Events/s of each simulator."
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    show_default=True,
    help="Event time over wall time when files are replayed.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Of the simulators: the same seed, the same events."
)
@file_options
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write the summary here.")
def run(
    config: Path | None,
    bootstrap: str | None,
    *,
    seconds: float | None,
    rate: float,
    speed: float,
    seed: int,
    transactions: Path | None,
    ticks: Path | None,
    mapping: Path | None,
    json_path: Path | None,
) -> None:
    """Start Kafka, a worker and producers, and watch alerts come with their reasons.

    Without files, simulated cards and a simulated market produce; --transactions and --ticks replay recorded ones in
    event time instead. Ctrl-C (or --for) stops the producers, lets the worker finish, and prints a summary.
    """
    settings = settings_from(config, bootstrap)
    console = Console(highlight=False)
    producers = _producers(rate=rate, speed=speed, seed=seed, transactions=transactions, ticks=ticks, mapping=mapping)
    stop = _stop_on_signals()
    with ExitStack() as stack:
        from deployment.local.choose import kafka_for  # noqa: PLC0415  # not needed for --help

        began = time.monotonic()
        address = stack.enter_context(kafka_for(settings, on_progress=console.print))
        settings = _place(settings, address, console)
        folder = stack.enter_context(_logs(console))
        settings, environment = _environment(settings)
        worker, watch, address = _start_worker(settings, config, folder, stack, environment, console)
        console.print(f"ready after {time.monotonic() - began:.1f} s; metrics at {address}/metrics")
        children = [Child.start(name, words, folder=folder, environment=environment) for name, words in producers]
        for child in children:
            stack.callback(child.stop)
        started = time.monotonic()
        with View(console, watch) as view:
            _watch_until(stop, started + seconds if seconds else None, worker, children, view)
            console.print("stopping: producers first, then what they produced is finished")
            for child in children:
                child.stop()
            produced_for = time.monotonic() - started
            _drain(watch, worker, view)
        summary = _close(watch, worker, address, produced_for)
    print_summary(console, summary)
    if json_path is not None:
        json_path.write_bytes(msgspec.json.format(msgspec.json.encode(summary)) + b"\n")


def _producers(
    *, rate: float, speed: float, seed: int, transactions: Path | None, ticks: Path | None, mapping: Path | None
) -> list[tuple[str, list[str]]]:
    if transactions is None and ticks is None:
        words = ["--rate", str(rate), "--seed", str(seed)]
        return [(name, ["produce", name, *words]) for name in ("cards", "market")]
    given = (("--transactions", transactions), ("--ticks", ticks), ("--mapping", mapping))
    files = [word for flag, path in given if path is not None for word in (flag, str(path))]
    return [("recorded", ["produce", "recorded", "--speed", str(speed), *files])]


def _stop_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set; a second one ends the program as usual."""
    stop = threading.Event()

    def ask(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.default_int_handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return stop


def _place(settings: Settings, address: str, console: Console) -> Settings:
    """Name the broker, create topics, and keep away from an earlier run's events: simulated time begins again."""
    from stream.agents.topics import create_topics  # noqa: PLC0415
    from stream.walk import STAGES  # noqa: PLC0415

    kafka = msgspec.structs.replace(settings.kafka, bootstrap=address)
    placed = msgspec.structs.replace(settings, kafka=kafka)
    create_topics(address, placed, STAGES)
    if not any(Watch(placed).produced().values()):
        return placed
    prefix = f"{kafka.prefix}run{int(time.time())}-"
    console.print(f"topics hold an earlier run; this one uses the prefix {prefix}")
    kafka = msgspec.structs.replace(kafka, prefix=prefix, group=prefix + kafka.group)
    placed = msgspec.structs.replace(settings, kafka=kafka)
    create_topics(address, placed, STAGES)
    return placed


@contextmanager
def _logs(console: Console) -> Iterator[Path]:
    """A folder for the children's logs: kept, and named, if the run fails."""
    folder = Path(tempfile.mkdtemp(prefix="weir-run-"))
    try:
        yield folder
    except Exception:
        console.print(f"logs are in {folder}")
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _environment(settings: Settings) -> tuple[Settings, dict[str, str]]:
    """What the children are told: the broker, the prefix, and a port for metrics that is free."""
    port = settings.worker.metrics_port
    if not _is_free(port):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    worker = msgspec.structs.replace(settings.worker, metrics_port=port)
    return msgspec.structs.replace(settings, worker=worker), {
        "WEIR_BOOTSTRAP": settings.kafka.bootstrap,
        "WEIR_KAFKA_PREFIX": settings.kafka.prefix,
        "WEIR_KAFKA_GROUP": settings.kafka.group,
        "WEIR_WORKER_METRICS_PORT": str(port),
    }


def _start_worker(
    settings: Settings,
    config: Path | None,
    folder: Path,
    stack: ExitStack,
    environment: dict[str, str],
    console: Console,
) -> tuple[Child, Watch, str]:
    words = [] if config is None else ["--config", str(config)]
    console.print("starting the worker")
    worker = Child.start("worker", ["worker", *words], folder=folder, environment=environment)
    stack.callback(worker.stop)
    watch = Watch(settings)
    stack.callback(watch.close)
    address = f"http://{settings.worker.metrics_host}:{settings.worker.metrics_port}"
    wait_ready(address, worker)
    return worker, watch, address


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _watch_until(
    stop: threading.Event, deadline: float | None, worker: Child, producers: list[Child], view: View
) -> None:
    """Watch until asked to stop, the time is up, or every producer has sent all it has."""
    while not stop.is_set() and (deadline is None or time.monotonic() < deadline):
        view.watch.read(timeout_ms=50)
        view.refresh()
        for child in (worker, *producers):
            child.require_alive()
        if all(child.ended() == 0 for child in producers):
            return


def _drain(watch: Watch, worker: Child, view: View) -> None:
    """Wait until the worker has committed all that was produced."""
    deadline = time.monotonic() + _DRAIN_SECONDS
    while watch.lag() and time.monotonic() < deadline:
        watch.read(timeout_ms=50)
        view.refresh()
        worker.require_alive()


def _close(watch: Watch, worker: Child, address: str, seconds: float) -> Summary:
    """Stop the worker, read the rest, and sum up."""
    produced = watch.produced()
    ticks_scored = round(counter(address, "weir_scored_events_total", kind="ticks"))
    worker.stop()
    while watch.read(timeout_ms=300):
        pass
    return watch.tally.summary(
        events_in=produced[TRANSACTIONS.name] + produced[TICKS.name],
        labels_in=produced[LABELS.name],
        ticks_scored=ticks_scored,
        seconds=seconds,
    )
