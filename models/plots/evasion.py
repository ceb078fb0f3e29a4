"""Picture of an evader's success: share of caught frauds that pass, over what was given up for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes

from models.detector import Vector
from models.plots.pictured import save

FILE = "evasion.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evasion:
    """Per defence: ``share`` and ``spread`` of one world from another, ``(k,)`` each, with at most 0 … k - 1 steps."""

    share: Mapping[str, Vector]
    spread: Mapping[str, Vector]


def evasion(axes: Axes, pictured: Evasion) -> None:
    """Draw one curve a defence, with a band of one deviation."""
    for name, share in pictured.share.items():
        steps = range(len(share))
        axes.step(steps, share, where="post", label=name)
        low, high = share - pictured.spread[name], share + pictured.spread[name]
        axes.fill_between(steps, low.clip(0.0, 1.0), high.clip(0.0, 1.0), step="post", alpha=0.2)
    axes.set(
        ylim=(0.0, 1.02), xlabel="steps given up", ylabel="share of caught frauds that pass", title="Greedy evasion"
    )
    axes.legend(fontsize=8)


def draw_evasion(pictured: Evasion, folder: Path) -> Path:
    """Write the picture into a folder; returns its path."""
    save(evasion, pictured, folder / FILE)
    return folder / FILE
