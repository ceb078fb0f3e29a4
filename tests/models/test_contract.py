"""Our detectors keep the contract, and the contract test notices one that does not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models import autoencoder, robust
from models.contract import check_detector
from models.detector import Detector, Matrix, Vector


@pytest.mark.parametrize("factory", [autoencoder.load, robust.load])
def test_our_detectors_keep_the_contract(factory: Callable[[Path | None], Detector]) -> None:
    """The same test that a stranger's plug-in runs."""
    assert check_detector(factory).threshold > 0.0


class Outlier:
    """A stranger's detector that breaks a promise: ``fault`` says which."""

    name, version, threshold = "outlier", "1", 1.0
    features: tuple[str, ...] = ("amount",)

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.usual: Vector = np.array([20.0])
        if fault == "features":
            self.features = ("shoe_size",)

    def score(self, x: Matrix) -> Vector:
        """Amount, relative to the batch's mean where that is the fault."""
        amount = x[:, 0] if self.fault == "nan" else np.nan_to_num(x[:, 0])
        return amount / amount.mean() if self.fault == "batch" and len(x) > 1 else amount

    def explain(self, x: Matrix) -> Matrix:
        """The amount is all there is."""
        return self.score(x)[:, None] * (0.5 if self.fault == "parts" else 1.0)

    def probability(self, score: Vector) -> Vector | None:
        """Not calibrated, or falling."""
        return 1.0 / (1.0 + np.abs(score)) if self.fault == "probability" else None


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("nan", "not finite"),
        ("batch", "batch of one"),
        ("parts", "sum to the score"),
        ("features", "unknown features"),
        ("probability", "falls while the score rises"),
    ],
)
def test_a_broken_promise_is_named(fault: str, said: str) -> None:
    """One stranger a promise; without a fault the stranger passes."""
    check_detector(lambda _: Outlier(""))

    with pytest.raises(AssertionError, match=said):
        check_detector(lambda _: Outlier(fault))
