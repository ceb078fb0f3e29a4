"""The contract of a detector: columns of features in, a score and per-feature contributions out.

A plug-in names a factory ``(Path | None) -> Detector`` under the entry point group ``weir.detectors``; the path is
the artefact folder of the settings. ``models.contract.check_detector`` is the test that any of them can run.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


class Detector(Protocol):
    """Judges events by their features.

    name       short, constant
    version    names the artefact: same version, same scores
    features   the columns it reads, in its order; the caller selects them from its matrix by name
    threshold  score at and above which an event is worth an alert
    usual      (d,) the value of each feature on an ordinary event, for reasons; nan where none is stated
    """

    @property
    def name(self) -> str:
        """Short, constant."""
        ...

    @property
    def version(self) -> str:
        """Names the artefact."""
        ...

    @property
    def features(self) -> tuple[str, ...]:
        """Columns it reads, in its order."""
        ...

    @property
    def threshold(self) -> float:
        """Score at and above which an event is worth an alert."""
        ...

    @property
    def usual(self) -> Vector:
        """Value of each feature on an ordinary event, ``(d,)``."""
        ...

    def score(self, x: Matrix) -> Vector:
        """Score each row: ``x (n, d) → (n,)``, finite, higher is stranger; nan inputs mean "no history".

        The score of a row has the same bits whichever rows stand beside it.
        """
        ...

    def explain(self, x: Matrix) -> Matrix:
        """Split each score over the features: ``x (n, d) → (n, d)``, each row sums to its score."""
        ...

    def probability(self, score: Vector) -> Vector | None:
        """Calibrated probability of fraud per score ``(n,) → (n,)``, or None where there is no calibration."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One comparison that decided: as text, the value that was seen, and the limit it was held to."""

    text: str
    value: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """One rule that fired: its name, what it means, and what decided."""

    name: str
    says: str
    terms: tuple[Term, ...]


@runtime_checkable
class Limited(Protocol):
    """What a detector offers beside, whose threshold differs from payment to payment."""

    def limits(self, x: Matrix) -> Vector:
        """Score from which each payment is worth an alert, ``(n, d) → (n,)``, never below ``threshold``."""
        ...


@runtime_checkable
class Telling(Protocol):
    """What a detector made of rules offers beside: it names those that fired, for the alert."""

    def fired(self, x: Matrix) -> tuple[Fired, ...]:
        """Rules that fire on one payment ``(1, d)``, the weightiest first."""
        ...
