"""Scoring: feature columns through every detector, and which events pass a threshold.

A detector may be a stranger's, and fail. That ends no worker: an event it can't score is set aside, all others have
the scores they would have had, for a row's score does not depend on the rows beside it (``models.detector``).
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.detector import Detector, Fired, Limited, Telling
from stream.core.names import FEATURES
from stream.errors import ModelError
from stream.wire.columns import Floats, Ints, Matrix

CALLS = (
    "batch",
    "score",
    "explain",
    "probability",
    "fired",
)  # what a detector is asked for, as its failures are counted
log = logging.getLogger("weir.scoring")

_RARER = 10  # of one kind the 1st, 10th, 100th … failure is logged: a detector that always fails fills no disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Scores of ``n`` events.

    scores      per detector name ``(n,)``; nan where that detector failed
    suspicious  row numbers at or above a threshold of any, ascending
    spared      per detector with limits of payments' own: rows at its threshold and below their limit, ascending
    failed      row → which detector failed on it, and how: that event has no verdict
    """

    scores: dict[str, Floats]
    suspicious: Ints
    failed: dict[int, str] = field(default_factory=dict)
    spared: dict[str, Ints] = field(default_factory=dict)

    def only(self, rows: Ints) -> "Scored":
        """Keep some of the rows, ascending, and number them anew."""

        def numbered(those: Ints) -> Ints:
            return np.searchsorted(rows, those[np.isin(those, rows)])

        return Scored(
            scores={name: score[rows] for name, score in self.scores.items()},
            suspicious=numbered(self.suspicious),
            spared={name: numbered(those) for name, those in self.spared.items()},
            failed={place: self.failed[row] for place, row in enumerate(rows.tolist()) if row in self.failed},
        )


class Scorer:
    """Runs detectors over the feature matrix.

    detectors  each reads a subset of ``FEATURES``, in its own order
    Raises ModelError for a detector that wants a feature we don't have, naming both.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self.detectors = tuple(detectors)
        self._telling = [(which, one) for which, one in enumerate(self.detectors) if isinstance(one, Telling)]
        self._limited = [one if isinstance(one, Limited) else None for one in self.detectors]
        self._columns: list[Ints | None] = []
        self._failures: Counter[tuple[str, str]] = Counter()
        self._total: Counter[tuple[str, str]] = Counter()
        for detector in self.detectors:
            unknown = [name for name in detector.features if name not in FEATURES]
            if unknown:
                raise ModelError(f"detector {detector.name}: expected features of stream.core.names, was {unknown}")
            in_order = tuple(detector.features) == FEATURES
            self._columns.append(None if in_order else np.array([FEATURES.index(name) for name in detector.features]))

    def view(self, which: int, x: Matrix) -> Matrix:
        """Select the columns that detector number ``which`` reads."""
        columns = self._columns[which]
        return x if columns is None else np.take(x, columns, axis=1)  # a third of the time of x[:, columns]

    def score(self, x: Matrix) -> Scored:
        """Score ``x (n, FEATURES)`` by every detector; where one fails on a batch, row by row."""
        scores: dict[str, Floats] = {}
        failed: dict[int, str] = {}
        spared: dict[str, Ints] = {}
        over = np.zeros(len(x), bool)
        for which, detector in enumerate(self.detectors):
            score, faults = self._score_by(which, x)
            scores[detector.name] = score
            for row, fault in faults.items():
                failed.setdefault(row, f"detector {detector.name} {detector.version}: {fault}")
            reached = score >= detector.threshold  # nan is not
            if self._limited[which] is not None:
                spared[detector.name] = self._spared(which, x, score, reached)
                reached[spared[detector.name]] = False
            over |= reached
        over[list(failed)] = False
        return Scored(scores=scores, suspicious=np.flatnonzero(over), failed=failed, spared=spared)

    def _score_by(self, which: int, x: Matrix) -> tuple[Floats, dict[int, str]]:
        """Score by one detector; also say how it failed on which rows."""
        seen = self.view(which, x)
        score, fault = _asked(self.detectors[which], seen)
        if fault:
            self._note(which, "batch", fault)
        doubtful = np.flatnonzero(~np.isfinite(score)).tolist()
        if doubtful:
            score = score.copy()  # it may be the detector's own, or a view of ``x``
        faults: dict[int, str] = {}
        for row in doubtful:
            alone, fault = _asked(self.detectors[which], seen[row : row + 1])
            if not fault and not np.isfinite(alone[0]):
                fault = "a score that is not finite"
            score[row] = np.nan if fault else alone[0]
            if fault:
                faults[row] = fault
                self._note(which, "score", fault)
        return score, faults

    def decide(self, x: Matrix, row: int, scores: dict[str, Floats]) -> tuple[int, Floats]:
        """Choose the first detector, in the order of the settings, that is at its threshold; and its contributions.

        They are ``(d,)``; all are zero where it fails to explain: the score stands, and so does the alert.
        """
        told = enumerate(self.detectors)
        which = next((i for i, d in told if scores[d.name][row] >= self.limit(i, x, row)), 0)
        detector = self.detectors[which]
        nothing = np.zeros(len(detector.features))
        try:
            parts = np.asarray(detector.explain(self.view(which, x[row : row + 1])), np.float64)
        except Exception as error:  # noqa: BLE001  a stranger's plug-in may raise anything
            self._note(which, "explain", type(error).__name__)
            return which, nothing
        if parts.shape != (1, nothing.size) or not np.isfinite(parts).all():
            self._note(which, "explain", "parts of another shape, or not finite")
            return which, nothing
        return which, parts[0]

    def limit(self, which: int, x: Matrix, row: int) -> float:
        """Score from which detector number ``which`` alerts at a row."""
        limited = self._limited[which]
        if limited is None:
            return self.detectors[which].threshold
        return float(limited.limits(self.view(which, x[row : row + 1]))[0])

    def _spared(self, which: int, x: Matrix, score: Floats, reached: NDArray[np.bool_]) -> Ints:
        """Tell which rows that reached the least of all limits are below their own: it is looked for only there."""
        rows, limited = np.flatnonzero(reached), self._limited[which]
        if limited is None or not rows.size:
            return rows[:0]
        return rows[~(score[rows] >= limited.limits(self.view(which, x[rows])))]

    def probability(self, which: int, score: float) -> float | None:
        """Ask a detector for the calibrated probability of a score; None where it has none, or fails."""
        try:
            found = self.detectors[which].probability(np.array([score]))
            return None if found is None else float(found[0])
        except Exception as error:  # noqa: BLE001  as above
            self._note(which, "probability", type(error).__name__)
            return None

    def fired(self, x: Matrix, row: int, scores: dict[str, Floats]) -> tuple[Fired, ...]:
        """Name the rules that fire at a row, of every detector that is made of rules and is at its threshold."""
        found: tuple[Fired, ...] = ()
        for which, detector in self._telling:
            if scores[detector.name][row] >= self.limit(which, x, row):
                try:
                    found += detector.fired(self.view(which, x[row : row + 1]))
                except Exception as error:  # noqa: BLE001  as above
                    self._note(which, "fired", type(error).__name__)
        return found

    def take_failures(self) -> Counter[tuple[str, str]]:
        """Failures since the last call: (detector, what it was asked) → how often."""
        failures, self._failures = self._failures, Counter()
        return failures

    def _note(self, which: int, call: str, fault: str) -> None:
        detector = self.detectors[which]
        self._failures[detector.name, call] += 1
        self._total[detector.name, call] += 1
        total = self._total[detector.name, call]
        while total >= _RARER and total % _RARER == 0:
            total //= _RARER
        if total == 1:
            log.warning(
                "event=detector_failed detector=%s version=%s call=%s fault=%r failures=%d",
                detector.name,
                detector.version,
                call,
                fault,
                self._total[detector.name, call],
            )


def _asked(detector: Detector, x: Matrix) -> tuple[Floats, str]:
    """Scores ``(n,)``, all nan with what went wrong: the type of an error, never its text, which may quote an event."""
    nothing = np.full(len(x), np.nan)
    try:
        score = np.asarray(detector.score(x), np.float64)
    except Exception as error:  # noqa: BLE001  a stranger's plug-in may raise anything; it is named
        return nothing, type(error).__name__
    if score.shape != (len(x),):
        return nothing, f"scores of another shape than ({len(x)},)"
    return score, ""
