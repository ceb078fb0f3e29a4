"""Builders of made-up feature rows for tests of models."""

import numpy as np

from models.dataset import FeatureSet, Ints
from models.detector import Matrix
from models.splits import Plan
from stream.core.names import DAY_MS, FEATURES

SHORT = Plan(delay=1.0, stop=2.0, calibration=4.0, test=4.0, min_train=4.0)


def rows(n: int, seed: int = 1) -> Matrix:
    """Rows ``(n, FEATURES)`` of three hidden habits, skewed as real ones are, a tenth without history."""
    chance = np.random.default_rng(seed)
    habits = chance.normal(size=(n, 3)) @ np.random.default_rng(0).normal(size=(3, len(FEATURES)))
    x: Matrix = np.exp(0.4 * habits + 0.1 * chance.normal(size=habits.shape))
    always = np.array(["_count_" in name or name == "amount" for name in FEATURES])  # known of every payment
    x[:, always] *= 40.0
    x[(chance.random(x.shape) < 0.1) & ~always] = np.nan
    return x


def a_history(days: int = 16, per_day: int = 150, *, frauds: float = 0.03, seed: int = 1) -> FeatureSet:
    """A history in which frauds have eight times the amount and a robust z of 12."""
    chance = np.random.default_rng(seed)
    n = days * per_day
    x = rows(n, seed)
    fraud = (chance.random(n) < frauds).astype(np.int64)
    x[fraud == 1, FEATURES.index("amount")] *= 8.0
    x[fraud == 1, FEATURES.index("amount_robust_z")] = 12.0
    at: Ints = np.sort(chance.integers(0, days * DAY_MS, n)) + 20_000 * DAY_MS
    customers = [f"c{number}" for number in chance.integers(0, 80, n)]
    return FeatureSet(
        x=x,
        at=at,
        id=[f"t{number}" for number in range(n)],
        customer=customers,
        terminal=["m1"] * n,
        amount=x[:, FEATURES.index("amount")],
        fraud=fraud,
    )
