"""What came out: one line per harm for people, one object per row for machines."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Column, Table

from stream.bench.fingerprint import Fingerprint
from stream.faults.row import Row

_COUNTS = (
    "events_in",
    "scored",
    "dead_letters",
    "alerts_expected",
    "missing",
    "duplicate",
    "unexpected",
    "state_wrong",
    "others_wrong",
)
_SECONDS = ("s to processing", "s to caught up")


class Matrix(msgspec.Struct, kw_only=True):
    """All rows of one run.

    not_run  harm → what this machine lacks for it
    """

    fingerprint: Fingerprint
    rows: list[Row] = []
    not_run: dict[str, str] = {}

    @property
    def is_clean(self) -> bool:
        """No row lost, repeated or changed anything."""
        return all(row.is_clean for row in self.rows)


def write_json(matrix: Matrix, path: Path) -> None:
    """Write what there is so far; whoever reads meanwhile sees the old or the new, never half of it."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(matrix)) + b"\n")
    beside.replace(path)


def read_json(path: Path) -> Matrix:
    """Read what ``write_json`` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Matrix)


def line(row: Row) -> str:
    """Say in one line how a row went."""
    if row.fault:
        how = f"given up: {row.fault}"
    elif row.is_clean:
        how = (
            f"clean, processing again after {row.seconds_to_processing} s, caught up after {row.seconds_to_caught_up} s"
        )
    else:
        wrong = {name: getattr(row, name) for name in _COUNTS[4:] if getattr(row, name)}
        if left := row.events_in - row.scored - row.dead_letters:
            wrong["unaccounted"] = left
        how = "NOT CLEAN: " + (", ".join(f"{name} {count}" for name, count in wrong.items()) or "never caught up")
    logs = row.facts.get("logs")
    return f"{row.harm}, seed {row.seed}: {how}" + (f"; see {logs}" if logs else "")


def merged(matrices: Sequence[Matrix]) -> Matrix:
    """Put the rows of several runs together, the last one of each harm and seed; the machine is that of the first."""
    rows = {(row.harm, row.seed): row for matrix in matrices for row in matrix.rows}
    not_run = {harm: why for matrix in matrices for harm, why in matrix.not_run.items()}
    done = {harm for harm, _ in rows}
    return Matrix(
        fingerprint=matrices[0].fingerprint,
        rows=sorted(rows.values(), key=lambda row: row.seed),
        not_run={harm: why for harm, why in not_run.items() if harm not in done},
    )


def write_markdown(matrix: Matrix, sentences: Mapping[str, str], path: Path) -> None:
    """Write the table as a page for people: what was done to what, in the order of ``sentences``."""
    mark = matrix.fingerprint
    machine = f"{mark.cores} cores of {mark.cpu}, {mark.memory_mb:,} MB, {mark.kernel}, Python {mark.python}"
    packages = ", ".join(f"{name} {version}" for name, version in mark.packages.items())
    lines = [
        f"{mark.at[:10]}, {machine}; {packages}. Counts are sums over the seeds, seconds median (longest).",
        "",
        "| harm | " + " | ".join(("seeds", *(name.replace("_", " ") for name in _COUNTS), *_SECONDS)) + " |",
        "|---|" + "---:|" * (1 + len(_COUNTS) + len(_SECONDS)),
    ]
    for harm, sentence in sentences.items():
        rows = [row for row in matrix.rows if row.harm == harm]
        if rows:
            lines.append(f"| **{harm}**: {sentence} | " + " | ".join(_cells(rows)) + " |")
    lines += [f"| **{harm}** | not run: {why} |" + " |" * (len(_COUNTS) + 2) for harm, why in matrix.not_run.items()]
    path.write_text("\n".join(lines) + "\n")


def print_matrix(console: Console, matrix: Matrix) -> None:
    """Print one line per harm: counts summed over its seeds, seconds as median and longest."""
    mark = matrix.fingerprint
    console.print(
        f"{mark.at}  {mark.cpu}, {mark.cores} cores, {mark.memory_mb:,} MB, {mark.kernel}, Python {mark.python}"
    )
    console.print(", ".join(f"{name} {version}" for name, version in mark.packages.items()), style="dim")
    headings = [name.replace("_", " ") for name in _COUNTS]
    numbers = [Column(name, justify="right") for name in ("seeds", *headings, *_SECONDS)]
    table = Table(Column("harm", no_wrap=True), *numbers, box=None, pad_edge=False, header_style="bold")
    for harm in dict.fromkeys(row.harm for row in matrix.rows):
        rows = [row for row in matrix.rows if row.harm == harm]
        table.add_row(
            harm,
            *_cells(rows),
            style=None if all(row.is_clean for row in rows) else "red",
        )
    console.print(table)
    for harm, why in matrix.not_run.items():
        console.print(f"not run: {harm}: {why}")


def _cells(rows: Sequence[Row]) -> list[str]:
    """The figures of one harm over its seeds."""
    sums = [sum(getattr(row, name) for row in rows) for name in _COUNTS]
    return [
        str(len(rows)),
        *(f"{count:,}" for count in sums),
        _spread(row.seconds_to_processing for row in rows),
        _spread(row.seconds_to_caught_up for row in rows),
    ]


def _spread(seconds: Iterable[float | None]) -> str:
    """Median and longest; "never" where one was not seen."""
    seen = list(seconds)
    known = [value for value in seen if value is not None]
    if len(known) < len(seen):
        return "never"
    return f"{known[0]:.1f}" if len(known) == 1 else f"{median(known):.1f} ({max(known):.1f})"
