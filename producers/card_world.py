"""The people and places of the simulated cards: drawn once from the seed, the same on every day."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from producers.card_config import CardsConfig

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CHUNK = 512  # customers whose distances to all terminals are held at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Customers and terminals.

    mean_amount  (customers,)         of a genuine payment, minor units
    per_day      (customers, 7)       mean payments on each weekday, Monday first
    hour         (customers,)         around which the customer pays, UTC
    hour_spread  (customers,)         deviation from it, hours
    near         (customers, reach)   terminals the customer pays at
    preference   (customers, reach)   cumulative share of each of them, the last is 1
    """

    mean_amount: Floats
    per_day: Floats
    hour: Floats
    hour_spread: Floats
    near: Ints
    preference: Floats
    terminals: int

    @property
    def customers(self) -> int:
        """How many there are."""
        return self.mean_amount.size


def draw_world(config: CardsConfig, rng: np.random.Generator) -> World:
    """Draw the world: amounts and frequencies differ from customer to customer by a factor of a few."""
    n = config.customers
    near, preference = _draw_terminals(config, rng)
    amount = rng.lognormal(0.0, 0.6, n)
    frequency = rng.gamma(2.0, 0.5, n)
    week = rng.gamma(8.0, 1.0 / 8.0, (n, 7)) * np.array([0.9, 0.9, 0.95, 1.0, 1.15, 1.25, 0.85])
    week *= 7.0 / week.sum(axis=1, keepdims=True)
    frequency *= n / frequency.sum()  # so that the means are as configured, in every world
    amount *= frequency.sum() / (amount * frequency).sum()
    return World(
        mean_amount=amount * config.amount * 100.0,
        per_day=week * (frequency * config.payments_per_day)[:, None],
        hour=rng.normal(14.0, 3.0, n) % 24.0,
        hour_spread=rng.uniform(1.5, 5.0, n),
        near=near,
        preference=preference,
        terminals=config.terminals,
    )


def _draw_terminals(config: CardsConfig, rng: np.random.Generator) -> tuple[Ints, Floats]:
    homes = rng.random((config.customers, 2))
    places = rng.random((config.terminals, 2))
    reach = min(config.reach, config.terminals)
    near = np.empty((config.customers, reach), np.int64)
    for begin in range(0, config.customers, _CHUNK):
        home = homes[begin : begin + _CHUNK]
        distance = np.square(home[:, None, 0] - places[None, :, 0])
        distance += np.square(home[:, None, 1] - places[None, :, 1])
        near[begin : begin + _CHUNK] = np.argpartition(distance, reach - 1, axis=1)[:, :reach]
    near.sort(axis=1)  # which of several equally near comes first must not depend on the algorithm
    liking = rng.gamma(0.5, 1.0, near.shape) + 1e-3
    preference = np.cumsum(liking, axis=1)
    preference /= preference[:, -1:]
    return near, preference
