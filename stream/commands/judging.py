"""Options and words of ``weir models`` for judging one model against another: on what payments, and what came of it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from stream.commands.learning import open_history
from stream.commands.moments import Moment
from stream.commands.options import require_bootstrap
from stream.errors import ModelError, SettingsError
from stream.settings import Settings

if TYPE_CHECKING:
    from models.artifact import Manifest
    from models.dataset import FeatureSet
    from models.detector import Detector
    from models.registry.duel import Comparison, Figures, Payments, Side
    from models.registry.gates import Gate
    from models.registry.shelf import Registry

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """On what payments two models are to be judged: exactly one of the first four."""

    from_topic: bool
    live: bool
    transactions: Path | None
    source: str | None
    mapping: Path | None
    days: int
    seed: int
    since: int | None
    groups: Path | None
    detector: str | None

    @property
    def is_given(self) -> bool:
        """Whether any was named."""
        return self.from_topic or self.live or self.transactions is not None or self.source is not None


def judging_options(command: F) -> F:
    """What ``Material`` holds."""
    given = click.Path(path_type=Path, exists=True)
    for option in (
        click.option("--detector", help="Whose scores are compared. Default: the first of alerts.detectors."),
        click.option("--groups", type=given, help="CSV file with the columns customer and group, for fairness."),
        click.option("--since", type=Moment(), help="Judge from then on. Default: after what either has learnt from."),
        click.option("--seed", type=int, default=7, show_default=True, help="Of --source and of the bootstrap."),
        click.option("--days", type=click.IntRange(min=1), default=90, show_default=True, help="Of --source."),
        click.option("--mapping", type=given, help="Columns of the file (docs/recorded-data.md)."),
        click.option("--source", help="A producer that simulates payments with verdicts, of `weir sources`."),
        click.option("--transactions", type=given, help="File of payments with verdicts, or its folder."),
        click.option("--live", is_flag=True, help="What champion and shadow told of the same stream, on `scores`."),
        click.option("--from-topic", is_flag=True, help="Payments of the broker whose verdicts are in, replayed."),
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A comparison, what it was made of, and how fast the challenger is."""

    found: "Comparison"
    payments: "Payments"
    champion: "Side"
    challenger: "Side"
    payments_per_second: float


def judge(settings: Settings, registry: "Registry", material: Material, champion: str, challenger: str) -> Judged:
    """Hold a challenger against the champion (``OWN``: the model of the settings).

    Raises SettingsError where not exactly one kind of payments is named.
    """
    _require_one(material)
    from models.registry.duel import compare  # noqa: PLC0415  # kernels are not needed for --help
    from models.registry.gates import speed  # noqa: PLC0415
    from stream.registry.evidence import since_when  # noqa: PLC0415

    new, manifest = _loaded(settings, registry, challenger)
    old, theirs = _loaded(settings, registry, champion)
    name = material.detector or settings.alerts.detectors[0]

    def since(last: int) -> int:
        return material.since if material.since is not None else since_when(last, manifest, theirs)

    console = Console(stderr=True, highlight=False)
    with console.status("reading …") as status:

        def tell(what: str, done: int) -> None:
            status.update(f"{what} … {done:,}")

        groups = _groups(material)
        if material.live:
            payments, left, right, words = _told(settings, old, new, name, groups, since, tell)
        else:
            data, words = _history(settings, material, tell)
            payments, left, right = _replayed(data, since, old, new, name, groups)
        status.update("comparing …")
        found = compare(payments, left, right, source=words, detector=name, seed=material.seed)
        rate = speed(new)
    return Judged(found=found, payments=payments, champion=left, challenger=right, payments_per_second=rate)


def _require_one(material: Material) -> None:
    kinds = [material.from_topic, material.live, material.transactions is not None, material.source is not None]
    if sum(kinds) != 1:
        raise SettingsError(
            "--from-topic, --live, --transactions, --source", "one of them: the payments to judge by", where="models"
        )


def _loaded(settings: Settings, registry: "Registry", model: str) -> "tuple[list[Detector], Manifest]":
    """Detectors and manifest of a model; those of the settings where none is named."""
    from models.artifact import read_manifest  # noqa: PLC0415  # as above
    from stream.registry.arrivals import detectors_in  # noqa: PLC0415
    from stream.walk import detectors_of  # noqa: PLC0415

    if not model:
        own = Path(settings.worker.model) if settings.worker.model else None
        return detectors_of(settings), read_manifest(own)[1]
    folder, manifest = registry.folder(model)
    return detectors_in(settings, folder, model), manifest


def _groups(material: Material) -> dict[str, str]:
    from stream.registry.evidence import read_groups  # noqa: PLC0415

    return read_groups(material.groups) if material.groups else {}


def _told(
    settings: Settings,
    old: "list[Detector]",
    new: "list[Detector]",
    name: str,
    groups: dict[str, str],
    since: Callable[[int], int],
    tell: Callable[[str, int], None],
) -> "tuple[Payments, Side, Side, str]":
    from models.splits import Plan  # noqa: PLC0415
    from stream.registry.beside import told  # noqa: PLC0415

    require_bootstrap(settings)
    found = told(settings, old, new, detector=name, delay_days=Plan().delay, groups=groups, since=since, tell=tell)
    return *found, f"topic {settings.kafka.prefix}scores and that of the shadow"


def _history(settings: Settings, material: Material, tell: Callable[[str, int], None]) -> "tuple[FeatureSet, str]":
    """Payments whose verdicts are in, with their features."""
    from models.splits import Plan  # noqa: PLC0415
    from stream.registry.history import history_of  # noqa: PLC0415
    from stream.training_set import feature_set  # noqa: PLC0415

    if material.from_topic:
        require_bootstrap(settings)
        data, _ = history_of(
            settings, until=None, delay_days=Plan().delay, tell=lambda done, _: tell("replaying the broker", done)
        )
        return data, f"topics {settings.kafka.prefix}transactions and labels"
    records, words = open_history(
        material.transactions, material.mapping, material.source or "", material.days, material.seed, settings
    )
    return feature_set(records, settings, on_progress=lambda done: tell("replaying", done)), words


def _replayed(
    data: "FeatureSet",
    since: Callable[[int], int],
    old: "list[Detector]",
    new: "list[Detector]",
    name: str,
    groups: dict[str, str],
) -> "tuple[Payments, Side, Side]":
    from stream.registry.evidence import replayed  # noqa: PLC0415

    begin = since(int(data.at[-1]) if len(data) else 0)
    rows = np.arange(int(np.searchsorted(data.at, begin)), len(data))
    if not len(rows):
        raise ModelError(
            f"payments: expected some after {_day(begin)}, up to when the models have learnt, was none: let more come, "
            "or name --since"
        )
    return replayed(data, rows, old, new, detector=name, groups=groups)


def show(console: Console, judged: Judged) -> None:
    """Print a comparison."""
    found = judged.found
    table = Table(title=f"{found.source}: {found.detector}, {_day(found.since)} to {_day(found.until)}", box=None)
    table.add_column("", no_wrap=True)
    table.add_column(f"champion {found.champion.model}", justify="right")
    table.add_column(f"challenger {found.challenger.model}", justify="right")
    for words, value in _ROWS.items():
        table.add_row(words, value(found.champion), value(found.challenger))
    console.print(table)
    console.print(
        f"{found.rows:,} payments, {found.rows_judged:,} with their verdict in, {found.frauds:,} of these fraud"
    )
    if found.gain is not None and found.gain_95 is not None:
        low, high = found.gain_95
        console.print(f"average precision {found.gain:+.4f}, 95 % from {low:+.4f} to {high:+.4f} (paired bootstrap)")
    rank = "–" if found.rank_correlation is None else f"{found.rank_correlation:.4f}"
    shared = "–" if found.alerts_shared is None else f"{found.alerts_shared:.1%}"
    console.print(f"same decision on {found.same_decision:.3%}; rank correlation {rank}; alerts shared {shared}")
    for who, count, frauds in (
        ("champion", found.only_champion, found.only_champion_frauds),
        ("challenger", found.only_challenger, found.only_challenger_frauds),
    ):
        names = ", ".join(found.examples[who][:5])
        console.print(f"the {who} alone would tell {count:,}, {frauds:,} of them fraud" + (f": {names}" * bool(names)))
    console.print(f"the challenger scores {judged.payments_per_second:,.0f} payments/s on this core")


def show_gates(console: Console, gates: "list[Gate]") -> None:
    """Print what was asked and what was found."""
    for gate in gates:
        console.print(f"{'holds' if gate.holds else 'FAILS':<6} {gate.name:<11} {gate.says}", soft_wrap=True)


def _number(name: str, form: str) -> Callable[["Figures"], str]:
    def shown(figures: "Figures") -> str:
        value = getattr(figures, name)
        return "–" if value is None else format(value, form)

    return shown


def _interval(figures: "Figures") -> str:
    span = figures.average_precision_95
    return "–" if span is None else f"{span[0]:.3f} to {span[1]:.3f}"


_ROWS: dict[str, Callable[["Figures"], str]] = {
    "average precision": _number("average_precision", ".4f"),
    "95 %": _interval,
    "ROC-AUC": _number("roc_auc", ".4f"),
    "Brier": _number("brier", ".5f"),
    "expected / real frauds": _number("expected_over_real", ".3f"),
    "alerts": _number("alerts", ",d"),
    "precision": _number("precision", ".3f"),
    "recall": _number("recall", ".3f"),
    "genuine payments alerted on": _number("genuine_alert_ratio", ".4%"),
}


def _day(millis: int) -> str:
    with suppress(OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(millis / 1000.0, UTC).strftime("%Y-%m-%d %H:%M")
    return str(millis)
