"""Scoring: feature columns through every detector, and which events pass a threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.detector import Detector
from stream.core.names import FEATURES
from stream.errors import ModelError
from stream.wire.columns import Floats, Ints, Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Scores per detector name ``(n,)``, and the rows at or above a threshold of any."""

    scores: dict[str, Floats]
    suspicious: Ints  # row numbers, ascending


class Scorer:
    """Runs detectors over the feature matrix.

    detectors  each reads a subset of ``FEATURES``, in its own order
    Raises ModelError for a detector that wants a feature we don't have, naming both.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self.detectors = tuple(detectors)
        self._columns: list[Ints | None] = []
        for detector in self.detectors:
            unknown = [name for name in detector.features if name not in FEATURES]
            if unknown:
                raise ModelError(f"detector {detector.name}: expected features of stream.core.names, was {unknown}")
            in_order = tuple(detector.features) == FEATURES
            self._columns.append(None if in_order else np.array([FEATURES.index(name) for name in detector.features]))

    def view(self, which: int, x: Matrix) -> Matrix:
        """Select the columns that detector number ``which`` reads."""
        columns = self._columns[which]
        return x if columns is None else np.ascontiguousarray(x[:, columns])

    def score(self, x: Matrix) -> Scored:
        """Score ``x (n, FEATURES)`` by every detector."""
        scores: dict[str, Floats] = {}
        over = np.zeros(len(x), bool)
        for which, detector in enumerate(self.detectors):
            try:
                score = detector.score(self.view(which, x))
            except Exception as error:  # a stranger's plug-in may raise anything; it is named, the worker ends
                raise ModelError(
                    f"detector {detector.name} {detector.version}: {type(error).__name__}: {error}"
                ) from error
            scores[detector.name] = score
            over |= score >= detector.threshold
        return Scored(scores=scores, suspicious=np.flatnonzero(over))

    def decide(self, x: Matrix, row: int, scores: dict[str, Floats]) -> tuple[int, Floats]:
        """Choose the detector furthest above its threshold at a row, and its contributions ``(d,)`` there."""
        ratios = [float(scores[d.name][row]) / d.threshold for d in self.detectors]
        which = int(np.argmax(ratios))
        return which, self.detectors[which].explain(self.view(which, x[row : row + 1]))[0]
