"""``weir evaluate``: the figures of the detectors by a published protocol, from the code that runs live."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from stream.commands.learning import load_module, open_history
from stream.commands.options import OutFile, config_option, settings_from
from stream.errors import SettingsError

if TYPE_CHECKING:
    from models.benchmark import Evaluation, Figures
    from models.ulb import UlbEvaluation
    from stream.replay import Keyed
    from stream.settings import Settings

_WHAT = "evaluation"
_SHORT = 45  # days that the folds and the histories before them need at least


@click.command()
@click.option(
    "--protocol",
    type=click.Choice(["handbook", "ulb"]),
    default="handbook",
    show_default=True,
    help="handbook: folds and figures of the Fraud Detection Handbook. ulb: real payments, given by --data.",
)
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), help="CSV or Parquet file of card payments with verdicts."
)
@click.option("--mapping", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Columns of the file.")
@click.option("--source", help="Instead of a file: a producer by name (`weir sources`), with --days.")
@click.option("--days", type=click.IntRange(min=_SHORT), default=80, show_default=True, help="Of --source.")
@click.option("--seed", type=int, default=7, show_default=True, help="Of --source and of every training.")
@click.option("--json", "json_path", type=OutFile(), help="Write all figures here, fold by fold.")
@config_option
def evaluate(
    protocol: str,
    data: Path | None,
    mapping: Path | None,
    source: str | None,
    days: int,
    seed: int,
    json_path: Path | None,
    config: Path | None,
) -> None:
    """Fit the ensemble, the autoencoder and what they are measured against, and judge them on later weeks.

    Payments are replayed through the stages that run live, with verdicts seven days late. Four folds: each model learns
    from one week, waits one, and is tested on the next, without cards already known to be broken into. Nothing is kept
    of the models: `weir train` makes those that serve. Needs the extra `train`; takes minutes.

    The ULB data (two days of real payments, as principal components) can't be streamed: there our ways of learning are
    judged, fitted on the first day and tested on the second, at the native share of frauds.

    \b
        weir evaluate --data payments.parquet --json figures.json
        weir evaluate --source cards --seed 3     # a simulated world, set in [producers.cards]
    """  # noqa: D301  # click's mark against re-wrapping
    if (data is None) == (source is None):
        raise SettingsError("--data, --source", "a file or a source", where="evaluate")
    if protocol == "ulb" and data is None:
        raise SettingsError("--data", "the ULB data, which no source simulates", where="evaluate")
    settings = settings_from(config)
    console = Console(highlight=False, stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("loading TensorFlow", total=None)

        def tell(what: str, share: float) -> None:
            bar.update(task, description=what, completed=share, total=1.0 if share else None)

        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # it talks of processors and drivers otherwise
        if protocol == "ulb":
            assert data is not None
            found = load_module("models.ulb", _WHAT).evaluate_file(data, seed=seed, progress=tell)
        else:
            found = _replayed(open_history(data, mapping, source or "", days, seed, settings), settings, seed, tell)
    (_print_ulb if protocol == "ulb" else _print)(found, protocol)
    if json_path is not None:
        json_path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")


def _replayed(
    records: tuple[Iterator["Keyed"], str], settings: "Settings", seed: int, tell: Callable[[str, float], None]
) -> "Evaluation":
    """Judge by the Handbook's protocol."""
    benchmark, training = (load_module(f"models.{name}", _WHAT) for name in ("benchmark", "training"))
    from stream.training_set import feature_set  # noqa: PLC0415  # kernels are not needed for --help

    history = feature_set(records[0], settings, on_progress=lambda done: tell(f"replaying, {done:,} payments", 0.0))
    found: Evaluation = benchmark.evaluate(history, training.Recipe(seed=seed), source=records[1], progress=tell)
    return found


def _print(found: "Evaluation", protocol: str) -> None:
    title = f"{protocol}: {found.source}, {found.rows:,} payments, {found.frauds:,} frauds, mean of 4 folds"
    table = Table(title=title)
    table.add_column("model", no_wrap=True)
    for heading in ("avg precision", "± of a fold", "ROC-AUC", "cards@100", "Brier", "expected / real"):
        table.add_column(heading, justify="right")
    ours = {"ensemble": found.ensemble, "autoencoder": found.autoencoder}
    for name, figures in {**ours, **found.baselines, **found.ablation}.items():
        table.add_row(name, *_shown(figures))
    Console(width=None if sys.stdout.isatty() else 120).print(table)  # a file has no width of its own


def _print_ulb(found: "UlbEvaluation", protocol: str) -> None:
    table = Table(title=f"{protocol}: {found.source}, second day, {found.test_frauds} frauds; 95 % by bootstrap")
    table.add_column("model", no_wrap=True)
    for heading in ("avg precision", "95 %", "ROC-AUC", "95 %"):
        table.add_column(heading, justify="right")
    for name, one in {"supervised": found.supervised, "autoencoder": found.autoencoder, **found.baselines}.items():
        spans = (f"{low:.3f} to {high:.3f}" for low, high in (one.average_precision_95, one.roc_auc_95))
        table.add_row(name, f"{one.average_precision:.3f}", next(spans), f"{one.roc_auc:.3f}", next(spans))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _shown(figures: "Figures") -> list[str]:
    columns = (
        (figures.average_precision, ".3f"),
        (figures.spread["average_precision"], ".3f"),
        (figures.roc_auc, ".3f"),
        (figures.card_precision_100, ".3f"),
        (figures.brier, ".5f"),
        (figures.expected_over_real, ".2f"),
    )
    return ["–" if value is None else format(value, form) for value, form in columns]
