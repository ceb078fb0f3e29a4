"""``weir sources`` and ``weir produce``: which producers there are, and one of them flowing into Kafka."""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Self

import click
from rich.console import Console
from rich.table import Table

from producers.flow import Progress, PublishSummary, publish_side_by_side
from producers.live import Live
from producers.live_flow import publish_live
from producers.plugins import installed, open_any, open_source
from producers.source import Source
from stream.commands.options import bootstrap_option, config_option, file_options, settings_from
from stream.errors import MachineError, SettingsError

_RECORDED = "recorded"


@click.command()
def sources() -> None:
    """List the producers that are installed.

    A package adds one by an entry point in its pyproject.toml:

    \b
        [project.entry-points."weir.producers"]
        mine = "my_package.source:MySource"

    `producers/source.py` is the contract, `producers.contract.check_source` the test that holds a source to it.
    """  # noqa: D301  # click's mark against re-wrapping
    table = Table("NAME", "PACKAGE", "WHAT IT PRODUCES", box=None, header_style="bold", pad_edge=False)
    plugins = installed()
    for plugin in plugins:
        table.add_row(plugin.name, plugin.package, plugin.about or "[red]does not load, see below[/red]")
    Console().print(table)
    for plugin in plugins:
        if plugin.problem is not None:
            click.echo(f"weir: {plugin.problem}", err=True)


@click.command()
@click.argument("name")
@click.option("--rate", type=float, metavar="N", help="Records per second, all topics together, held open-loop.")
@click.option("--speed", type=float, metavar="X", help="Event seconds per second: 600 plays ten minutes in one second.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same events.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Stop after so many records. Default: never.")
@click.option("--skip", type=click.IntRange(min=0), default=0, metavar="N", help="Leave out the first N: sent before.")
@file_options
@bootstrap_option
@config_option
def produce(
    name: str,
    rate: float | None,
    speed: float | None,
    seed: int,
    count: int | None,
    skip: int,
    transactions: Path | None,
    ticks: Path | None,
    mapping: Path | None,
    bootstrap: str | None,
    config: Path | None,
) -> None:
    """Publish the events of producer NAME to Kafka (`weir sources` lists them).

    A live source (a folder, a webhook, a market …) sends what comes until Ctrl-C: `docs/sources.md`. Of any other,
    without --rate and --speed, it sends as fast as Kafka takes them. Each record carries the time it was due as its
    timestamp, so that a late send shows as latency. Ctrl-C sends what is under way and prints the summary.

    \b
        weir produce cards --rate 1000
        weir produce market --speed 60 --seed 7
        weir produce recorded --transactions payments.parquet --ticks ticks/ --speed 600

    Its settings stand under [producers.NAME] in weir.toml. --transactions and --ticks given both, each keeps its own
    pace from its own beginning, and --count counts each.
    """  # noqa: D301  # click's mark against re-wrapping
    settings = settings_from(config, bootstrap)
    files = {"transactions": transactions, "ticks": ticks, "mapping": mapping}
    flowing = _open(name, seed, settings.producers.get(name, {}), files)
    if rate is not None and speed is not None:
        raise SettingsError("--rate, --speed", "one of them", where="produce")
    if not isinstance(flowing, list) and (rate is not None or speed is not None or skip):
        raise SettingsError("--rate, --speed, --skip", "none of them: a live source comes as it comes", where=name)
    if not settings.kafka.bootstrap:
        raise MachineError(
            "no Kafka is named", "Give --bootstrap HOST:PORT or WEIR_BOOTSTRAP; `weir run` brings its own"
        )
    from stream.agents.topics import create_topics  # noqa: PLC0415  # Faust takes a second to import
    from stream.logs import configure  # noqa: PLC0415

    configure(settings.log)
    create_topics(settings.kafka.bootstrap, settings, stages=())
    if not isinstance(flowing, list):
        with _stop_on_signal() as stop, _Board(1) as board:
            tell = partial(board, 0)
            summary = publish_live(flowing, name=name, settings=settings, count=count, stop=stop, on_progress=tell)
        click.echo(_sentence(summary))
        return
    with _stop_on_signal() as stop, _Board(len(flowing)) as board:
        summaries = publish_side_by_side(
            flowing,
            bootstrap=settings.kafka.bootstrap,
            settings=settings,
            rate=rate,
            speed=speed,
            count=count,
            skip=skip,
            stop=stop,
            on_progress=board,
        )
    for summary in summaries:
        click.echo(_sentence(summary))


def _open(name: str, seed: int, config: Mapping[str, object], files: Mapping[str, Path | None]) -> list[Source] | Live:
    given = {option: str(path) for option, path in files.items() if path is not None}
    if given and name != _RECORDED:
        raise SettingsError(
            f"--{next(iter(given))}", f"the producer {_RECORDED}, as it reads files", name, where="produce"
        )
    whole = {**config, **given}
    if name == _RECORDED and whole.get("transactions") and whole.get("ticks"):
        return [
            open_source(name, seed=seed, config={**whole, "ticks": ""}),
            open_source(name, seed=seed, config={**whole, "transactions": ""}),
        ]
    source = open_any(name, seed=seed, config=whole)
    return [source] if isinstance(source, Source) else source


@contextmanager
def _stop_on_signal() -> Iterator[threading.Event]:
    """Set the event at the first Ctrl-C or SIGTERM; the second Ctrl-C ends at once."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Board:
    """One line on stderr with the state of all flows; silent where stderr is no terminal."""

    def __init__(self, flows: int) -> None:
        self._latest: list[Progress | None] = [None] * flows
        self._status = Console(stderr=True).status("connecting to Kafka")

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def __call__(self, place: int, progress: Progress) -> None:
        self._latest[place] = progress
        known = [each for each in self._latest if each is not None]
        sent, rate = sum(each.sent for each in known), sum(each.rate for each in known)
        behind = max(each.behind for each in known)
        self._status.update(f"sent {sent:,} · {rate:,.0f}/s · behind by {behind:.3f} s")


def _sentence(summary: PublishSummary) -> str:
    per_second = summary.total / max(summary.seconds, 1e-9)
    topics = ", ".join(f"{topic} {count:,}" for topic, count in sorted(summary.sent.items())) or "nothing"
    pace = f"{summary.total:,} records in {summary.seconds:.1f} s ({per_second:,.0f}/s)"
    lines = [f"sent {pace}, {summary.worst_behind_seconds:.3f} s behind at worst: {topics}"]
    lines += [f"refused {count:,}: {fault}" for fault, count in sorted(summary.refused.items())]
    return "\n".join(lines)
