"""Plots of a training: precision over recall, scores of genuine and fraud, told against found probability."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.evaluation import Ranking, reliability
from models.report import Report, Subject

_POINTS = 400  # of a curve: no more can be seen
_ENOUGH = 50  # events in a bin, for its share to say something
_STILL = {"Software": ""}  # no version in the file: equal plots, equal bytes


def draw(report: Report, folder: Path) -> list[Path]:
    """Write ``precision_recall.png``, ``scores.png`` and ``calibration.png``; returns their paths."""
    mpl.use("Agg")
    plots = {"precision_recall": _precision_recall, "scores": _scores, "calibration": _calibration}
    paths = []
    for name, plot in plots.items():
        figure = Figure(figsize=(6.0, 4.0), layout="constrained")
        plot(figure.subplots(), report)
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=72, metadata=_STILL)
    return paths


def _precision_recall(axes: Axes, report: Report) -> None:
    for subject in report.subjects:
        recall, precision = Ranking(subject.score, report.fraud).curve()
        shown = np.unique(np.geomspace(1, len(recall), _POINTS).astype(int) - 1)  # dense where alerts would be
        found = report.figures[subject.name].average_precision
        axes.plot(recall[shown], precision[shown], label=f"{subject.name} ({found or 0.0:.3f})", linewidth=1.2)
    axes.axhline(report.base_rate, color="grey", linestyle=":", label=f"by chance ({report.base_rate:.4f})")
    axes.set(xlabel="recall", ylabel="precision", title="Precision over recall (average precision)", ylim=(0, 1.02))
    axes.legend(fontsize=7)


def _scores(axes: Axes, report: Report) -> None:
    subject = _named(report, "autoencoder")
    bins = np.geomspace(max(subject.score.min(), 1e-3), max(subject.score.max(), 1.0), 60).tolist()
    for value, name in ((0, "genuine"), (1, "fraud")):
        axes.hist(subject.score[report.fraud == value], bins=bins, label=name, density=True, histtype="step")
    axes.axvline(subject.threshold, color="grey", linestyle=":", label="threshold")
    axes.set(xscale="log", yscale="log", xlabel="score of the autoencoder", ylabel="density", title="Scores")
    axes.legend(fontsize=8)


def _calibration(axes: Axes, report: Report) -> None:
    for subject in report.subjects:
        probability = subject.probability
        if probability is not None:
            told, found, count = reliability(probability, report.fraud)
            enough = count >= _ENOUGH
            axes.plot(told[enough], np.maximum(found[enough], 1e-5), marker="o", label=subject.name)
    axes.plot([1e-5, 1], [1e-5, 1], color="grey", linestyle=":", label="as told")
    axes.set(xscale="log", yscale="log", xlabel="probability told", ylabel="share of frauds found", title="Calibration")
    axes.legend(fontsize=8)


def _named(report: Report, name: str) -> Subject:
    return next(subject for subject in report.subjects if subject.name == name)
