"""``weir faults``: harms to workers, brokers, network, disks and input under load, each judged against a replay."""

import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from stream.bench.fingerprint import fingerprint
from stream.commands.options import OutFile
from stream.faults.plan import Plan, harms, run
from stream.faults.report import Matrix, line, merged, print_matrix, read_json, write_json, write_markdown
from stream.faults.row import Row, Tell

_WIDTH = 160  # of what is written into a file or a pipe
_SEEDS = 10


@click.command()
@click.option("--only", metavar="NAME", multiple=True, help="Do this harm alone; may be given several times.")
@click.option("--short", is_flag=True, help="The quick harms alone, one seed each: some minutes.")
@click.option("--seeds", type=click.IntRange(min=1), help=f"Times each harm is done.  [default: {_SEEDS}; 1 if short]")
@click.option("--first-seed", type=click.IntRange(min=0), default=1, show_default=True, help="Others follow it.")
@click.option("--jobs", type=click.IntRange(1, 8), default=1, show_default=True, help="Harms side by side.")
@click.option("--json", "json_path", type=OutFile(), help="Write the rows here, after each row.")
@click.option("--markdown", type=OutFile(), help="Write the table here, for a page like docs/reliability.md.")
@click.option(
    "--from",
    "sources",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="Do nothing; show the rows of such JSON files.",
)
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Keep all logs here.")
@click.option("--list", "show", is_flag=True, help="Only list the harms.")
def faults(
    *,
    only: tuple[str, ...],
    short: bool,
    seeds: int | None,
    first_seed: int,
    jobs: int,
    json_path: Path | None,
    markdown: Path | None,
    sources: tuple[Path, ...],
    folder: Path | None,
    show: bool,
) -> None:
    """Harm real workers on a real Kafka under load, and judge from outside what became of every event.

    A row is clean when nothing is missing, told twice, unexpected or wrong, by a replay of the same input. Exits with
    1 when a row is not; its logs are kept. docs/reliability.md says how each figure is taken. Ctrl-C stops everything.
    """
    every = harms()
    if unknown := [name for name in only if name not in every]:
        raise click.BadParameter(f"no harm is called {unknown[0]!r}; --list names them all", param_hint="--only")
    chosen = tuple(only) or tuple(name for name, harm in every.items() if harm.is_short or not short)
    if show:
        for name in chosen:
            click.echo(f"{name}: {every[name].sentence}")
        return
    if sources:
        matrix = merged([read_json(path) for path in sources])
    else:
        count = seeds or (1 if short else _SEEDS)
        numbers = tuple(range(first_seed, first_seed + count))
        matrix = _done(Plan(harms=chosen, seeds=numbers, jobs=jobs, keeps_logs=folder is not None), folder, json_path)
    console = Console()
    print_matrix(console if console.is_terminal else Console(width=_WIDTH), matrix)
    if json_path is not None:
        write_json(matrix, json_path)
    if markdown is not None:
        write_markdown(matrix, {name: harm.sentence for name, harm in every.items()}, markdown)
    sys.exit(0 if matrix.is_clean else 1)


def _done(plan: Plan, folder: Path | None, json_path: Path | None) -> Matrix:
    """Do what is planned; what is done stands in ``json_path`` after each row."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers that end are what this is about
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    matrix = Matrix(fingerprint=fingerprint())
    with _shown(Console(stderr=True)) as (console, tell), _logs(folder, matrix) as logs:

        def on_row(row: Row) -> None:
            console.print(line(row), highlight=False, soft_wrap=True)
            if json_path is not None:
                write_json(matrix, json_path)

        run(plan, matrix, logs, tell, on_row)
    return matrix


@contextmanager
def _logs(folder: Path | None, matrix: Matrix) -> Iterator[Path]:
    """Where brokers and logs are; a folder of our own is removed unless a row in it is not clean."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    own = Path(tempfile.mkdtemp(prefix="weir-faults-"))
    try:
        yield own
    finally:
        if matrix.is_clean:
            shutil.rmtree(own, ignore_errors=True)


@contextmanager
def _shown(console: Console) -> Iterator[tuple[Console, Tell]]:
    """Show what is being done in one line for each row under way, below the rows that are done."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(row: str, what: str) -> None:
            for other in [name for name in tasks if name != row and not row.startswith("job ")]:
                progress.remove_task(tasks.pop(other))
            if row not in tasks:
                tasks[row] = progress.add_task(row)
            progress.update(tasks[row], description=f"{row}: {what}")

        yield progress.console, tell
