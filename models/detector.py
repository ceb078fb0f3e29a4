"""The contract of a detector: columns of features in, a score and per-feature contributions out.

A plug-in names a factory ``(Path | None) -> Detector`` under the entry point group ``weir.detectors``; the path is
the artefact folder of the settings. ``models.contract.check_detector`` is the test that any of them can run.
"""

from typing import Protocol

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
