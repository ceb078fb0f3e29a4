"""``weir train``: a history in, calibrated and judged detectors out."""

import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from stream.commands.learning import load_module, open_history
from stream.commands.moments import Moment
from stream.commands.options import bootstrap_option, config_option, require_bootstrap, settings_from
from stream.errors import SettingsError

if TYPE_CHECKING:
    from models.dataset import FeatureSet
    from models.report import Report
    from stream.replay import Keyed
    from stream.settings import Settings


@click.command()
@click.option(
    "--transactions",
    type=click.Path(path_type=Path, exists=True),
    help="CSV or Parquet file of card payments with verdicts, or its folder. Default: a simulation.",
)
@click.option("--from-topic", is_flag=True, help="Learn from what stands on `transactions` and `labels` of a broker.")
@click.option("--until", type=Moment(), help="Of --from-topic: verdicts up to then count. Default: the newest payment.")
@bootstrap_option
@click.option("--mapping", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Columns of the file.")
@click.option("--source", default="cards", show_default=True, help="Producer to simulate with, of `weir sources`.")
@click.option("--days", type=click.IntRange(min=1), default=90, show_default=True, help="Days to simulate.")
@click.option(
    "--seed", type=int, default=7, show_default=True, help="Of simulation and training: same seed, same figures."
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default="out/model", show_default=True)
@click.option(
    "--alert-budget",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    default=0.002,
    show_default=True,
    help="Share of genuine payments on which the ensemble may alert, and robust.",
)
@click.option(
    "--strange-budget",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    default=0.0005,
    show_default=True,
    help="Likewise the autoencoder: most of what is strange is no fraud.",
)
@click.option(
    "--groups",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV file with the columns customer and group: the card compares alerts over them. No detector reads it.",
)
@click.option("--epochs", type=click.IntRange(min=1), default=16, show_default=True, help="At most.")
@config_option
def train(
    transactions: Path | None,
    mapping: Path | None,
    source: str,
    bootstrap: str | None,
    days: int,
    seed: int,
    out: Path,
    alert_budget: float,
    strange_budget: float,
    groups: Path | None,
    epochs: int,
    config: Path | None,
    *,
    from_topic: bool,
    until: int | None,
) -> None:
    """Train, calibrate and evaluate the detectors on a replayed history.

    Splits by time with a purge of the label delay, and writes weights, manifest, figures, plots and model card to
    --out: point worker.model in weir.toml at that folder to serve it.

    \b
        weir train                                        # 90 days of simulated cards
        weir train --transactions payments.parquet --out out/mine
        weir train --from-topic --bootstrap HOST:PORT --out out/mine    # then: weir models register out/mine
    """  # noqa: D301  # click's mark against re-wrapping
    settings = settings_from(config, bootstrap)
    if until is not None and not from_topic:
        raise SettingsError("--until", "--from-topic beside it", where="train")
    if from_topic and transactions is not None:
        raise SettingsError("--transactions, --from-topic", "one of them", where="train")
    members = _members(groups)
    with _show() as progress:
        progress("loading TensorFlow", 0.0)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # it talks of processors and drivers otherwise
        training, writing = (load_module(f"models.{name}", "training") for name in ("training", "writing"))
        if from_topic:
            data, name = _from_topic(settings, until, progress)
        else:
            records, name = open_history(transactions, mapping, source, days, seed, settings)
            data = _replay(records, settings, progress)
        recipe = training.Recipe(budget=alert_budget, strange=strange_budget, seed=seed, epochs=epochs)
        trained = training.train(data, recipe, source=name, progress=progress, groups=members)
        manifest = writing.write_artifact(trained, out)
    _print(trained.report, manifest.identity, out)


def _members(groups: Path | None) -> dict[str, str]:
    from stream.registry.evidence import read_groups  # noqa: PLC0415  # as below

    return {} if groups is None else read_groups(groups)


def _replay(records: Iterator["Keyed"], settings: "Settings", progress: "_Tell") -> "FeatureSet":
    from stream.training_set import feature_set  # noqa: PLC0415  # numba kernels only when they are needed

    told = itertools.count()

    def tell(done: int) -> None:
        if next(told) % 8 == 0:
            progress(f"replaying, {done:,} payments", 0.0)

    return feature_set(records, settings, on_progress=tell)


def _from_topic(settings: "Settings", until: int | None, progress: "_Tell") -> tuple["FeatureSet", str]:
    """Payments of a broker whose verdicts are in, and what to call them."""
    from models.splits import Plan  # noqa: PLC0415  # as above
    from stream.registry.history import history_of  # noqa: PLC0415
    from stream.show import when  # noqa: PLC0415

    def tell(done: int, total: int) -> None:
        progress(f"replaying {total:,} records of the broker", done / max(total, 1))

    require_bootstrap(settings)
    data, known_by = history_of(settings, until=until, delay_days=Plan().delay, tell=tell)
    name = f"topics {settings.kafka.prefix}transactions and labels, verdicts up to {when(known_by)}"
    return data, name


class _Tell:
    """Shows what is being done in one line."""

    def __init__(self, bar: Progress) -> None:
        self._bar, self._task = bar, bar.add_task("", total=None)

    def __call__(self, what: str, share: float) -> None:
        self._bar.update(self._task, description=what, completed=share, total=1.0 if share else None)


@contextmanager
def _show() -> Iterator[_Tell]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Tell(bar)


def _print(report: "Report", identity: str, out: Path) -> None:
    table = Table(title=f"{report.rows:,} later payments, {report.frauds:,} frauds ({report.base_rate:.3%})")
    table.add_column("detector", no_wrap=True)
    for heading in ("avg precision", "ROC-AUC", "cards@100", "precision", "recall", "false / 1,000"):
        table.add_column(heading, justify="right")
    for name, f in report.figures.items():
        shown = (f.average_precision, f.roc_auc, f.card_precision_100, f.precision, f.recall, f.alerts_per_1000_genuine)
        table.add_row(name, *("–" if value is None else f"{value:.3f}" for value in shown))
    Console(width=None if sys.stdout.isatty() else 110).print(table)  # a file has no width of its own
    click.echo(f"model {identity} in {out}: see {out / 'card.md'}")
