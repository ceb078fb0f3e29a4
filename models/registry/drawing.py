"""A comparison as one picture: who finds more fraud, and what only one of them would tell."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.evaluation import Ranking
from models.registry.duel import Comparison, Payments, Side

_POINTS = 400  # of a curve: no more can be seen
_DOTS = 4_000  # payments drawn, beside all on which the two differ


def draw(found: Comparison, payments: Payments, champion: Side, challenger: Side, path: Path) -> None:
    """Write a PNG: precision over recall of both, and their ranks against each other."""
    mpl.use("Agg")
    figure = Figure(figsize=(10.0, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    _curves(left, found, payments, champion, challenger)
    _ranks(right, found, payments, champion, challenger)
    figure.savefig(path, dpi=80, metadata={"Software": ""})


def _curves(axes: Axes, found: Comparison, payments: Payments, champion: Side, challenger: Side) -> None:
    fraud = payments.fraud[payments.judged]
    for name, side, figures in (
        ("champion", champion, found.champion),
        ("challenger", challenger, found.challenger),
    ):
        if not fraud.any():
            continue
        recall, precision = Ranking(side.score[payments.judged], fraud).curve()
        shown = np.unique(np.geomspace(1, len(recall), _POINTS).astype(int) - 1)
        axes.plot(recall[shown], precision[shown], label=f"{name} {side.model} ({figures.average_precision:.3f})")
    if found.gain is not None and found.gain_95 is not None:
        low, high = found.gain_95
        axes.set_title(f"Average precision {found.gain:+.3f}, 95 % from {low:+.3f} to {high:+.3f}", fontsize=10)
    axes.set(xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    axes.legend(fontsize=7)


def _ranks(axes: Axes, found: Comparison, payments: Payments, champion: Side, challenger: Side) -> None:
    n = len(payments.at)
    ranks = [np.argsort(np.argsort(-side.score, kind="stable"), kind="stable") + 1 for side in (champion, challenger)]
    differ = champion.alert != challenger.alert
    step = max(n // _DOTS, 1)
    some = np.zeros(n, bool)
    some[::step] = True
    some |= differ | (payments.fraud == 1)
    both = champion.alert & challenger.alert
    kinds = (
        ("neither", ~champion.alert & ~challenger.alert & some, "lightgrey"),
        ("both would tell", both & some, "tab:green"),
        ("the champion alone", champion.alert & ~challenger.alert, "tab:blue"),
        ("the challenger alone", challenger.alert & ~champion.alert, "tab:orange"),
    )
    for name, rows, colour in kinds:
        axes.scatter(ranks[0][rows], ranks[1][rows], s=5, color=colour, label=f"{name}", linewidths=0)
    axes.set(xscale="log", yscale="log", xlabel="rank by the champion", ylabel="rank by the challenger")
    correlation = found.rank_correlation
    axes.set_title("Ranks" + ("" if correlation is None else f", correlation {correlation:.3f}"), fontsize=10)
    axes.legend(fontsize=7)
