"""``weir evaluate``: the figures of the detectors by a published protocol, from the code that runs live."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from stream.commands.evaluation_tables import print_adversary, print_handbook, print_ulb, print_worlds
from stream.commands.learning import load_module, open_history
from stream.commands.options import OutFile, config_option, settings_from
from stream.errors import SettingsError

if TYPE_CHECKING:
    from models.judging.benchmark import Evaluation
    from models.judging.worlds import WorldsEvaluation
    from stream.explaining.adversary import AdversaryEvaluation
    from stream.replay import Keyed
    from stream.settings import Settings

_WHAT = "evaluation"
_PRINTED: dict[str, Callable[[Any], None]] = {
    "handbook": print_handbook,
    "ulb": print_ulb,
    "worlds": print_worlds,
    "adversary": print_adversary,
}
_SHORT = 45  # days that the folds and the histories before them need at least


@click.command()
@click.option(
    "--protocol",
    type=click.Choice(["handbook", "ulb", "worlds", "adversary"]),
    default="handbook",
    show_default=True,
    help="handbook: folds and figures of the Fraud Detection Handbook. ulb: real payments, given by --data. worlds: "
    "simulated ones with patterns of fraud drawn from --seed, each with its ceiling. adversary: the model that serves, "
    "against an evader who sees its scores.",
)
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), help="CSV or Parquet file of card payments with verdicts."
)
@click.option("--mapping", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Columns of the file.")
@click.option("--source", help="Instead of a file: a producer by name (`weir sources`), with --days.")
@click.option("--days", type=click.IntRange(min=_SHORT), default=80, show_default=True, help="Of --source.")
@click.option("--seed", type=int, default=7, show_default=True, help="Of --source, of worlds, of every training.")
@click.option(
    "--worlds",
    "count",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Of worlds and adversary: how many.",
)
@click.option("--json", "json_path", type=OutFile(), help="Write all figures here, fold by fold.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Of handbook: folder of a card, with plots. Of adversary: of the plot.",
)
@config_option
def evaluate(
    protocol: str,
    data: Path | None,
    mapping: Path | None,
    source: str | None,
    days: int,
    seed: int,
    count: int,
    json_path: Path | None,
    out: Path | None,
    config: Path | None,
) -> None:
    """Fit the ensemble, the autoencoder and what they are measured against, and judge them on later weeks.

    Payments are replayed through the stages that run live, with verdicts seven days late. Four folds: each model learns
    from one week, waits one, and is tested on the next, without cards already known to be broken into. Nothing is kept
    of the models: `weir train` makes those that serve. Needs the extra `train`; takes minutes.

    The ULB data (two days of real payments, as principal components) can't be streamed: there our ways of learning are
    judged, fitted on the first day and tested on the second, at the native share of frauds.

    Worlds are of the Handbook's kind, with other limits, windows, rates, shares and factors. In each a filter that
    knows them, but not who is compromised, sets the ceiling; nothing of them is told to the ensemble.

    The adversary trains nothing: frauds of simulated cards that the detectors of the settings catch are tried again,
    with smaller amounts, later and at other terminals, until they pass, and what that takes is counted.

    \b
        weir evaluate --data payments.parquet --json figures.json --out out/evaluation
        weir evaluate --source cards --seed 3     # a simulated world, set in [producers.cards]
        weir evaluate --protocol worlds --seed 3  # four that nobody set; some minutes each
        weir evaluate --protocol adversary --worlds 3 --out out/adversary
    """  # noqa: D301  # click's mark against re-wrapping
    is_drawn = protocol in {"worlds", "adversary"}
    if is_drawn and (data is not None or source is not None):
        raise SettingsError("--data, --source", "neither: worlds are drawn from --seed", where="evaluate")
    if not is_drawn and (data is None) == (source is None):
        raise SettingsError("--data, --source", "a file or a source", where="evaluate")
    if protocol == "ulb" and data is None:
        raise SettingsError("--data", "the ULB data, which no source simulates", where="evaluate")
    if out is not None and protocol not in {"handbook", "adversary"}:
        raise SettingsError("--out", "--protocol handbook or adversary: others have no plots", where="evaluate")
    settings = settings_from(config)
    console = Console(highlight=False, stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("loading TensorFlow", total=None)

        def tell(what: str, share: float) -> None:
            bar.update(task, description=what, completed=share, total=1.0 if share else None)

        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # it talks of processors and drivers otherwise
        found: Any
        if protocol == "ulb":
            assert data is not None
            found = load_module("models.judging.ulb", _WHAT).evaluate_file(data, seed=seed, progress=tell)
        elif protocol == "worlds":
            found = _in_worlds(count, seed, settings, tell)
        elif protocol == "adversary":
            found = _evaded(count, seed, settings, tell, out)
        else:
            history = open_history(data, mapping, source or "", days, seed, settings)
            found = _replayed(history, settings, seed, tell, out)
    _PRINTED[protocol](found)
    if json_path is not None:
        json_path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")


def _replayed(
    records: tuple[Iterator["Keyed"], str],
    settings: "Settings",
    seed: int,
    tell: Callable[[str, float], None],
    out: Path | None,
) -> "Evaluation":
    """Judge by the Handbook's protocol; with ``out``, write card, plots and figures there."""
    benchmark, training = (load_module(f"models.{name}", _WHAT) for name in ("judging.benchmark", "training"))
    from stream.training_set import feature_set  # noqa: PLC0415  # kernels are not needed for --help

    history = feature_set(records[0], settings, on_progress=lambda done: tell(f"replaying, {done:,} payments", 0.0))
    drawn: list[str] = []

    def show(pictured: object) -> None:
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            drawn.extend(path.name for path in load_module("models.plots.draw", _WHAT).draw(pictured, out))

    recipe = training.Recipe(seed=seed)
    found: Evaluation = benchmark.evaluate(history, recipe, source=records[1], progress=tell, show=show)
    if out is not None:
        card = load_module("models.judging.evaluation_card", _WHAT).evaluation_card(found, drawn)
        (out / "card.md").write_text(card, encoding="utf-8")
    return found


def _in_worlds(count: int, seed: int, settings: "Settings", tell: Callable[[str, float], None]) -> "WorldsEvaluation":
    """Draw worlds, live in each, and judge what is learnt there."""
    worlds, training = (load_module(f"models.{name}", _WHAT) for name in ("judging.worlds", "training"))
    from producers.worlds.ceiling import probabilities  # noqa: PLC0415  # kernels are not needed for --help
    from producers.worlds.drawing import draw_patterns  # noqa: PLC0415
    from producers.worlds.payments import live, records  # noqa: PLC0415
    from stream.training_set import feature_set  # noqa: PLC0415

    found = []
    for number in range(count):

        def told(what: str, share: float, number: int = number) -> None:
            tell(f"world {number + 1} of {count}: {what}", (number + share) / count)

        world = draw_patterns(seed, number)
        told("living", 0.0)
        lived = live(world, seed=seed + number)
        data = feature_set(records(lived), settings, on_progress=lambda done: told(f"replaying, {done:,}", 0.0))
        rows = np.fromiter((int(name[1:]) for name in data.id), np.int64, len(data))
        ceiling = probabilities(world, lived)[rows]
        found.append(worlds.judge_world(data, ceiling, asdict(world), training.Recipe(seed=seed), told))
    done: WorldsEvaluation = worlds.in_all(found, f"seed {seed}")
    return done


def _evaded(
    count: int, seed: int, settings: "Settings", tell: Callable[[str, float], None], out: Path | None
) -> "AdversaryEvaluation":
    """Set the evader on the detectors of the settings; with ``out``, write its curves there."""
    from stream.explaining.adversary import judge_adversary  # noqa: PLC0415  # kernels are not needed for --help
    from stream.walk import detectors_of  # noqa: PLC0415

    picture = None if out is None else load_module("models.plots.evasion", _WHAT)
    found = judge_adversary(settings, detectors_of(settings), seed=seed, worlds=count, tell=tell)
    if picture is not None and out is not None:
        out.mkdir(parents=True, exist_ok=True)
        drawn = {name: one for name, one in found.defences.items() if one.evaded}
        share = {name: np.array(one.evaded) for name, one in drawn.items()}
        spread = {name: np.array(one.spread) for name, one in drawn.items()}
        picture.draw_evasion(picture.Evasion(share=share, spread=spread), out)
    return found
