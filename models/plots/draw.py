"""All pictures at once."""

from pathlib import Path

from models.plots.curves import calibration, cost, precision_recall, roc
from models.plots.pictured import Pictured, Plot, save
from models.plots.shares import confusion, importance, scores

PLOTS: dict[str, Plot] = {
    "precision_recall": precision_recall,
    "roc": roc,
    "calibration": calibration,
    "cost": cost,
    "scores": scores,
    "confusion": confusion,
    "importance": importance,
}
FILES = tuple(f"{name}.png" for name in PLOTS)


def draw(pictured: Pictured, folder: Path) -> list[Path]:
    """Write every picture of ``PLOTS`` into a folder; returns their paths."""
    paths = [folder / name for name in FILES]
    for plot, path in zip(PLOTS.values(), paths, strict=True):
        save(plot, pictured, path)
    return paths
