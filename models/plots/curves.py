"""Curves over all thresholds: precision over recall, ROC, what alerting would have cost; and calibration."""

import numpy as np
from matplotlib.axes import Axes

from models.detector import Vector
from models.evaluation import Ranking, reliability
from models.plots.pictured import Pictured

_POINTS = 400  # of a curve: no more can be seen
_ENOUGH = 50  # events in a bin, for its share to say something


def precision_recall(axes: Axes, pictured: Pictured) -> None:
    """Precision over recall, dense where alerts would be."""
    for subject in pictured.subjects:
        ranking = Ranking(subject.score, pictured.fraud)
        recall, precision = ranking.curve()
        shown = _shown(len(recall))
        label = f"{subject.name} ({ranking.average_precision():.3f})"
        axes.plot(recall[shown], precision[shown], label=label, linewidth=1.2)
    base = pictured.base_rate
    axes.axhline(base, color="grey", linestyle=":", label=f"by chance ({base:.4f})")
    axes.set(xlabel="recall", ylabel="precision", title="Precision over recall (average precision)", ylim=(0, 1.02))
    axes.legend(fontsize=7)


def roc(axes: Axes, pictured: Pictured) -> None:
    """Recall over the share of genuine payments alerted on, which is what analysts have to bear."""
    for subject in pictured.subjects:
        order = np.argsort(-subject.score, kind="stable")
        fraud = pictured.fraud[order] == 1
        false, found = np.cumsum(~fraud) / max((~fraud).sum(), 1), np.cumsum(fraud) / max(fraud.sum(), 1)
        shown = _shown(len(order))
        auc = Ranking(subject.score, pictured.fraud).roc_auc()
        axes.plot(np.maximum(false[shown], 1e-5), found[shown], label=f"{subject.name} ({auc:.3f})", linewidth=1.2)
    even = np.geomspace(1e-5, 1.0, 50)
    axes.plot(even, even, color="grey", linestyle=":", label="by chance (0.500)")
    axes.set(xscale="log", xlabel="share of genuine payments alerted on", ylabel="recall", title="ROC (area)")
    axes.legend(fontsize=7)


def cost(axes: Axes, pictured: Pictured) -> None:
    """What missed frauds and reviews cost, over the share of payments alerted on; never alerting costs 1."""
    lost = float(pictured.amount[pictured.fraud == 1].sum())
    for subject in pictured.subjects:
        total = costs(subject.score, pictured) / lost
        shown, least = _shown(len(total)), int(np.argmin(total))
        share = (shown + 1) / len(total)
        axes.plot(share, total[shown], label=f"{subject.name} (least {total[least]:.2f})", linewidth=1.2)
    axes.axhline(1.0, color="grey", linestyle=":", label="never alerting")
    title = f"Cost: amount missed + {pictured.review_cost:g} a review"
    axes.set(
        xscale="log", xlabel="share of payments alerted on", ylabel="of what fraud took", title=title, ylim=(0, 1.5)
    )
    axes.legend(fontsize=7)


def costs(score: Vector, pictured: Pictured) -> Vector:
    """Cost of alerting on the 1, 2, … n most suspicious payments, currency units ``(n,)``."""
    order = np.argsort(-score, kind="stable")
    stolen = np.where(pictured.fraud[order] == 1, pictured.amount[order], 0.0)
    return stolen.sum() - np.cumsum(stolen) + pictured.review_cost * np.arange(1, len(order) + 1)


def calibration(axes: Axes, pictured: Pictured) -> None:
    """Probability told against the share of frauds found, by bins."""
    for subject in pictured.subjects:
        if subject.probability is not None:
            told, found, count = reliability(subject.probability, pictured.fraud)
            enough = count >= _ENOUGH
            axes.plot(told[enough], np.maximum(found[enough], 1e-5), marker="o", label=subject.name)
    axes.plot([1e-5, 1], [1e-5, 1], color="grey", linestyle=":", label="as told")
    axes.set(xscale="log", yscale="log", xlabel="probability told", ylabel="share of frauds found", title="Calibration")
    axes.legend(fontsize=8)


def _shown(count: int) -> np.ndarray:
    return np.unique(np.geomspace(1, count, _POINTS).astype(int) - 1)
