"""What the autoencoder is compared with on the same rows: PCA residual, isolation forest, robust z of the amount.

Each learns from the same scaled training rows and gives a score per row, higher is stranger.
"""

import numpy as np
from sklearn.ensemble import IsolationForest

from models.detector import Matrix, Vector
from models.scaling import Floats32
from stream.core.names import FEATURES


class PcaResidual:
    """Residual of the first ``k`` principal components, normalised as the autoencoder's is.

    train, later  (n, d), (m, d)  scaled rows; ``later`` gives the residual variances
    """

    def __init__(self, train: Floats32, later: Floats32, *, k: int) -> None:
        self._mean = train.mean(axis=0, dtype=np.float64)
        _, vectors = np.linalg.eigh(np.cov(train, rowvar=False))
        self._axes = vectors[:, -k:]
        self._scale = np.maximum((self._residual(later) ** 2).mean(axis=0), 1e-9)

    def score(self, scaled: Floats32) -> Vector:
        """Mean squared normalised residual, ``(n, d) → (n,)``."""
        return np.asarray((self._residual(scaled) ** 2 / self._scale).mean(axis=1))

    def _residual(self, scaled: Floats32) -> Matrix:
        centred = scaled - self._mean
        return np.asarray(centred - centred @ self._axes @ self._axes.T)


class Forest:
    """Isolation forest of 100 trees (Liu, Ting & Zhou 2008) on scaled rows ``(n, d)``."""

    def __init__(self, train: Floats32, *, seed: int) -> None:
        self._forest = IsolationForest(n_estimators=100, random_state=seed).fit(train)

    def score(self, scaled: Floats32) -> Vector:
        """How early the trees single a row out, ``(n, d) → (n,)``."""
        return np.asarray(-self._forest.score_samples(scaled))


def robust_z(x: Matrix) -> Vector:
    """Distance of the amount from the customer's own median in robust deviations, ``(n, FEATURES) → (n,)``."""
    return np.abs(np.nan_to_num(x[:, FEATURES.index("amount_robust_z")]))
