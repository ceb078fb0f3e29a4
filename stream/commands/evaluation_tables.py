"""What `weir evaluate` prints: one table a protocol."""

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from models.judging.benchmark import Evaluation, Figures
    from models.judging.ulb import UlbEvaluation
    from models.judging.worlds import WorldsEvaluation
    from stream.explaining.adversary import AdversaryEvaluation


def print_handbook(found: "Evaluation") -> None:
    """Print every model's means over the folds."""
    title = f"{found.protocol}: {found.source}, {found.rows:,} payments, {found.frauds:,} frauds, mean of 4 folds"
    table = Table(title=title)
    table.add_column("model", no_wrap=True)
    for heading in ("avg precision", "± of a fold", "ROC-AUC", "cards@100", "Brier", "expected / real"):
        table.add_column(heading, justify="right")
    ours = {"ensemble": found.ensemble, "autoencoder": found.autoencoder}
    for name, figures in {**ours, **found.baselines, **found.ablation}.items():
        table.add_row(name, *_shown(figures))
    _show(table)


def print_ulb(found: "UlbEvaluation") -> None:
    """Print every model with its intervals."""
    table = Table(title=f"ulb: {found.source}, second day, {found.test_frauds} frauds; 95 % by bootstrap")
    table.add_column("model", no_wrap=True)
    for heading in ("avg precision", "95 %", "ROC-AUC", "95 %"):
        table.add_column(heading, justify="right")
    for name, one in {"supervised": found.supervised, "autoencoder": found.autoencoder, **found.baselines}.items():
        spans = (f"{low:.3f} to {high:.3f}" for low, high in (one.average_precision_95, one.roc_auc_95))
        table.add_row(name, f"{one.average_precision:.3f}", next(spans), f"{one.roc_auc:.3f}", next(spans))
    _show(table)


def print_worlds(found: "WorldsEvaluation") -> None:
    """Print each world beside its ceiling."""
    table = Table(title=f"worlds: {found.source}; average precision, mean of 4 folds")
    for heading in ("limit", "terminals, days", "cards, days", "share", "factor"):
        table.add_column(heading, justify="right")
    for heading in ("XGBoost, 15 features", "ensemble", "ceiling", "share of it", "expected / real"):
        table.add_column(heading, justify="right")
    for one in found.worlds:
        it, expected = one.patterns, sum(one.expected_over_real) / len(one.expected_over_real)
        told = (
            f"{it['limit']:.0f}",
            f"{it['broken']:.2%}, {it['terminal_days']}",
            f"{it['stolen']:.2%}, {it['card_days']}",
            f"{it['share']:.2f}",
            f"{it['factor']:.1f}",
        )
        means = (one.baseline_average_precision, one.ensemble_average_precision, one.ceiling_average_precision)
        table.add_row(*told, *(f"{mean:.3f}" for mean in means), f"{one.share:.3f}", f"{expected:.2f}")
    _show(table)


def print_adversary(found: "AdversaryEvaluation") -> None:
    """Print what share of the frauds that each defence catches passes, by what is given up."""
    rows = {**found.defences, **{f"{name}, caught by all": one for name, one in found.shared.items()}}
    table = Table(title=f"adversary: {found.source}; share of caught frauds that pass")
    table.add_column("defence", no_wrap=True)
    for heading in ("caught", "1 step", "3 steps", "5 steps", "any", "kept", "hours", "moved"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, one in rows.items():
        shares = [f"{one.evaded[k]:.2f} ± {one.spread[k]:.2f}" if one.evaded else "–" for k in (1, 3, 5, -1)]
        means = (one.amount_kept, one.waited_hours, one.moved)
        rest = ("–" if value is None else f"{value:.2f}" for value in means)
        table.add_row(name, str(sum(one.caught)), *shares, *rest)
    _show(table)
    alone = Table(title="by one means alone")
    alone.add_column("defence", no_wrap=True)
    for heading in ("half the amount", "a tenth of it", "a day later", "a week later", "another terminal"):
        alone.add_column(heading, justify="right")
    for name, one in rows.items():
        by = one.alone
        levers = (by["amount"][4], by["amount"][-1], by["wait"][3], by["wait"][-1], by["terminal"][0])
        alone.add_row(name, *(f"{share:.2f}" for share in levers))
    _show(alone)


def _show(table: Table) -> None:
    Console(width=None if sys.stdout.isatty() else 120).print(table)  # a file has no width of its own


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
