"""What all pictures are drawn from, and how a picture becomes a file."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.dataset import Ints
from models.detector import Vector
from models.report import Subject

_STILL = {"Software": ""}  # no version in the file: equal plots, equal bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured:
    """Models on the same rows ``(n,)``, the one that matters first.

    amount       currency units
    review_cost  of an alert, currency units
    importance   feature → mean size of its part of the first model's score
    """

    subjects: tuple[Subject, ...]
    fraud: Ints
    amount: Vector
    review_cost: float = 5.0
    importance: dict[str, float] = field(default_factory=dict)

    @property
    def base_rate(self) -> float:
        """Share of frauds."""
        return float(self.fraud.mean())


Plot = Callable[[Axes, Pictured], None]
T = TypeVar("T")


def save(plot: Callable[[Axes, T], None], pictured: T, path: Path) -> None:
    """Draw one picture; the same figures give the same bytes."""
    mpl.use("Agg")
    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    plot(figure.subplots(), pictured)
    figure.savefig(path, dpi=72, metadata=_STILL)
