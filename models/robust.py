"""The robust baseline: four plain signals, each measured in the level that few genuine events reach.

It needs no network and no training beyond quantiles, says in one line why, and is what any model has to beat.
"""

from pathlib import Path

import numpy as np

from models.artifact import Baseline, read_manifest
from models.compiled import kernel
from models.detector import Matrix, Vector
from models.scaling import LEAST_HISTORY
from stream.errors import ModelError

FEATURES: tuple[str, ...] = (
    "amount",
    "customer_count_1d",
    "customer_count_30d",
    "amount_robust_z",
    "terminal_fraud_share_7d",
)
SIGNALS: tuple[str, ...] = ("amount", "velocity", "amount_robust_z", "terminal_fraud_share_7d")
_COLUMN = (0, 1, 3, 4)  # of FEATURES: where each signal's part is told
_CAP = 4.0  # times its own unusual level: no signal shouts down the others
_QUANTILE = 0.995
_ABSURD = 1e12  # what stands for infinity


def signals(x: Matrix, usual_month: float) -> Matrix:
    """Compute the four signals of rows ``(n, 5) → (n, 4)``, none below 0; nan (no history) is 0.

    Velocity is the payments of the last day over one more than the customer's usual payments a day. Who has fewer than
    ten payments has no median to be far from, and pays as often as others do: ``usual_month`` payments in 30 days.
    """
    found = np.empty((len(x), len(SIGNALS)))
    _measure(np.ascontiguousarray(x, np.float64), usual_month, found)
    return found


@kernel
def _measure(x: Matrix, usual_month: float, found: Matrix) -> None:
    for i in range(len(x)):
        is_thin = x[i, 2] < LEAST_HISTORY
        found[i, 0] = x[i, 0]
        found[i, 1] = x[i, 1] / (1.0 + (usual_month if is_thin else x[i, 2]) / 30.0)
        found[i, 2] = 0.0 if is_thin else x[i, 3]
        found[i, 3] = x[i, 4]
        for j in range(found.shape[1]):
            value = found[i, j]
            found[i, j] = min(value, _ABSURD) if value > 0.0 else 0.0  # nan is not


def fit_unusual(x: Matrix, usual_month: float) -> dict[str, float]:
    """Level of each signal that 1 genuine event in 200 reaches, from genuine rows ``x (n, 5)``.

    A signal that is silent so far up (no fraud known at any terminal) is measured by its highest value, or by 1.
    """
    found = signals(x, usual_month)
    levels = np.quantile(found, _QUANTILE, axis=0)
    highest = found.max(axis=0)
    return {name: float(level or top or 1.0) for name, level, top in zip(SIGNALS, levels, highest, strict=True)}


@kernel
def _judge(found: Matrix, unusual: Vector, parts: Matrix, score: Vector) -> None:
    """Fill ``parts (n, 5)`` with ``min(signal / unusual, 4)²`` at each signal's feature, ``score (n,)`` with sums."""
    for i in range(len(found)):
        total = 0.0
        for j in range(found.shape[1]):
            level = min(found[i, j] / unusual[j], _CAP)
            parts[i, _COLUMN[j]] = level * level
            total += level * level
        score[i] = total


def judge(x: Matrix, unusual: dict[str, float], usual_month: float) -> tuple[Vector, Matrix]:
    """Score rows ``(n, 5) → (n,)`` and split each score over the features, ``(n, 5)``."""
    score, parts = np.empty(len(x)), np.zeros((len(x), len(FEATURES)))
    _judge(signals(x, usual_month), np.array([unusual[name] for name in SIGNALS]), parts, score)
    return score, parts


class Robust:
    """Implements ``Detector`` over the four signals.

    baseline  what the manifest says of it
    version   names the artefact
    """

    name = "robust"

    def __init__(self, baseline: Baseline, *, version: str) -> None:
        if tuple(baseline.features) != FEATURES or set(baseline.unusual) != set(SIGNALS):
            raise ModelError(f"robust: expected features {FEATURES} and signals {SIGNALS}, was {baseline.features}")
        self.version = version
        self.features: tuple[str, ...] = FEATURES
        self.threshold = baseline.operating.threshold
        self.usual: Vector = np.array(baseline.usual, np.float64)
        self._unusual, self._usual_month = baseline.unusual, baseline.usual_month
        self._calibration = baseline.operating.calibration

    def score(self, x: Matrix) -> Vector:
        """Sum of the squared signals in units of their unusual levels, ``(n, 5) → (n,)``, 0 to 64."""
        return judge(x, self._unusual, self._usual_month)[0]

    def explain(self, x: Matrix) -> Matrix:
        """Each feature's part, ``(n, 5) → (n, 5)``; velocity stands at the count of the last day."""
        return judge(x, self._unusual, self._usual_month)[1]

    def probability(self, score: Vector) -> Vector | None:
        """Probability of fraud at the calibration window's prevalence, ``(n,) → (n,)``."""
        return self._calibration(score)


def load(path: Path | None) -> Robust:
    """Load the robust baseline of an artefact (None: the reference artefact). Raises ModelError."""
    _, manifest = read_manifest(path)
    return Robust(manifest.baseline, version=manifest.identity)
