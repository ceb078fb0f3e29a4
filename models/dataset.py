"""What models learn from and are judged on: feature rows in event-time order, with the truth beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.detector import Matrix, Vector
from stream.core.names import FEATURES
from stream.errors import ModelError

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSet:
    """Payments with their features, as the terminal stage computed them.

    x         (n, FEATURES) in the order of ``stream.core.names``; nan = no history
    at        (n,) event time, epoch ms, never falling
    amount    (n,) currency units
    fraud     (n,) 1 a fraud, 0 genuine: the truth, to be used only where a label would have been known
    id, customer, terminal  n names
    Raises ModelError where lengths differ, a column is missing or time falls.
    """

    x: Matrix
    at: Ints
    id: Sequence[str]
    customer: Sequence[str]
    terminal: Sequence[str]
    amount: Vector
    fraud: Ints

    def __post_init__(self) -> None:
        n = len(self.at)
        for name in ("x", "id", "customer", "terminal", "amount", "fraud"):
            if len(getattr(self, name)) != n:
                raise ModelError(f"feature set: expected {n} rows of {name}, was {len(getattr(self, name))}")
        if self.x.shape != (n, len(FEATURES)):
            raise ModelError(f"feature set: expected x ({n}, {len(FEATURES)}), was {self.x.shape}")
        if n and (np.diff(self.at) < 0).any():
            raise ModelError("feature set: expected rows in event-time order")

    def __len__(self) -> int:
        return len(self.at)

    def first(self, count: int) -> "FeatureSet":
        """The first ``count`` rows."""
        return FeatureSet(
            x=self.x[:count],
            at=self.at[:count],
            id=self.id[:count],
            customer=self.customer[:count],
            terminal=self.terminal[:count],
            amount=self.amount[:count],
            fraud=self.fraud[:count],
        )

    def customer_codes(self) -> Ints:
        """Customers as numbers from 0, ``(n,)``: what is grouped by."""
        return np.unique(np.asarray(self.customer), return_inverse=True)[1].astype(np.int64)
