"""``weir bench``: throughput, latency and endurance of a real worker on a real Kafka, and of rivals at the same job."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from stream.bench.lasting.curves import draw
from stream.bench.plan import NAMES, USUAL, Plan, measure
from stream.bench.report import print_results, read_json, write_json
from stream.commands.options import OutFile

_WIDTH = 120  # of what is written into a file or a pipe


@click.command()
@click.option("--only", type=click.Choice(NAMES), multiple=True, help="Measure this alone; may be given several times.")
@click.option("--json", "json_path", type=OutFile(), help="Write the figures here.")
@click.option(
    "--events",
    type=click.IntRange(min=10_000),
    default=1_000_000,
    show_default=True,
    help="Payments, and ticks, a run.",
)
@click.option("--short", is_flag=True, help="One short run of each, to see that it works; not for quoting.")
@click.option("--minutes", type=click.FloatRange(min=0.1), help="How long `soak` takes.  [default: 60; short: 0.5]")
@click.option("--seconds", type=click.FloatRange(min=5), help="How long `pressure` lasts.  [default: 300; short: 15]")
@click.option("--plots", type=click.Path(path_type=Path, file_okay=False), help="Draw the curves into this folder.")
@click.option(
    "--from",
    "read_from",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Measure nothing: print, and draw, what an earlier run wrote with --json.",
)
def bench(
    *,
    only: tuple[str, ...],
    json_path: Path | None,
    events: int,
    short: bool,
    minutes: float | None,
    seconds: float | None,
    plots: Path | None,
    read_from: Path | None,
) -> None:
    """Measure what one worker on one core does, on an embedded Kafka, beside rivals at the same job.

    Without --only that is payments, ticks, rivals, latency, profile, stages and memory. growth, scale, restart,
    pressure and soak take from minutes to an hour, each where it is named.

    They are stock Faust, Quix Streams and a plain aiokafka loop, each in an environment of its own that is made on
    first use; one that can't be installed is left out. Ctrl-C stops every process that was started.
    docs/performance.md says how each figure is taken.
    """
    logging.getLogger("aiokafka").setLevel(logging.ERROR)  # retries while topics are new are no news
    plan = (Plan.short(events) if short else Plan.full(events)).lasting(minutes=minutes, seconds=seconds)
    if read_from is not None:
        results = read_json(read_from)
    else:
        with _shown(Console(stderr=True)) as tell:
            results = measure(only or USUAL, plan, tell)
    console = Console()
    print_results(console if console.is_terminal else Console(width=_WIDTH), results)
    if json_path is not None:
        write_json(results, json_path)
    if plots is not None:
        for path in draw(results.lasting, plots):
            console.print(f"drawn: {path}")


@contextmanager
def _shown(console: Console) -> Iterator["_Tell"]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        yield _Tell(progress)


class _Tell:
    """Shows what is being measured and how far it is, each in a line of its own."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, share: float) -> None:
        for other, task in self._tasks.items():
            if other != what:
                self._progress.stop_task(task)
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=1.0)
        self._progress.update(self._tasks[what], completed=share)
