"""Pictures of the first model alone: its scores, what its alerts were, and what its scores are made of."""

import numpy as np
from matplotlib.axes import Axes

from models.plots.pictured import Pictured

_FEATURES = 15


def scores(axes: Axes, pictured: Pictured) -> None:
    """Scores of genuine payments and of frauds."""
    subject = pictured.subjects[0]
    bins = np.linspace(float(subject.score.min()), float(subject.score.max()), 60).tolist()
    for value, name in ((0, "genuine"), (1, "fraud")):
        axes.hist(subject.score[pictured.fraud == value], bins=bins, label=name, density=True, histtype="step")
    if np.isfinite(subject.threshold):
        axes.axvline(subject.threshold, color="grey", linestyle=":", label="threshold")
    axes.set(yscale="log", xlabel=f"score of {subject.name}", ylabel="density", title="Scores")
    axes.legend(fontsize=8)


def confusion(axes: Axes, pictured: Pictured) -> None:
    """What alerting at the threshold would have meant, counted."""
    subject = pictured.subjects[0]
    alert, fraud = subject.score >= subject.threshold, pictured.fraud == 1
    table = np.array(
        [[(~alert & ~fraud).sum(), (alert & ~fraud).sum()], [(~alert & fraud).sum(), (alert & fraud).sum()]]
    )
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0.0, vmax=1.0)
    for i in range(2):
        for j in range(2):
            colour = "white" if share[i, j] > 0.5 else "black"
            axes.text(j, i, f"{table[i, j]:,}\n{share[i, j]:.2%}", ha="center", va="center", color=colour)
    axes.set_xticks([0, 1], ["no alert", "alert"])
    axes.set_yticks([0, 1], ["genuine", "fraud"])
    axes.set_title(f"Alerts of {subject.name} at its threshold")


def importance(axes: Axes, pictured: Pictured) -> None:
    """Mean size of each feature's part of the score."""
    ranked = sorted(pictured.importance.items(), key=lambda one: one[1])[-_FEATURES:]
    axes.barh([name for name, _ in ranked], [size for _, size in ranked])
    axes.tick_params(axis="y", labelsize=7)
    axes.set(
        xlabel="mean size of its part of the score", title=f"What scores of {pictured.subjects[0].name} are made of"
    )
