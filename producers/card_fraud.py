"""The fraud of the simulated cards: who is compromised on which day, and what it does to a day's payments.

A campaign that begins on day ``d`` is a function of the seed and ``d`` alone, also for days before the first, so the
rates hold from the first day on.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from producers.card_config import CardsConfig
from producers.card_world import Ints, World

KINDS = ("", "amount", "terminal", "customer", "burst")
AMOUNT, TERMINAL, CUSTOMER, BURST = 1, 2, 3, 4
MAX_AMOUNT = 2**31 - 1
_DAYS_BEFORE = 1_000  # keeps the numbers that seed a day positive for campaigns that begin before the first
_TERMINALS, _CUSTOMERS = 11, 12  # which stream of chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The payments of one day, in event-time order.

    at        (n,) epoch ms
    customer, terminal  (n,) indices
    amount    (n,) minor units
    kind      (n,) index into ``KINDS``, 0 genuine
    labelled  (n,) bool, a verdict will come
    """

    at: Ints
    customer: Ints
    terminal: Ints
    amount: Ints
    kind: Ints
    labelled: NDArray[np.bool_]


def compromised_terminals(config: CardsConfig, seed: int, day: int) -> Ints:
    """Terminals compromised on ``day``, sorted.

    The number at a time is such that a share ``rate`` of all payments is at them and fraud.
    """
    fraud = config.terminal_fraud
    active = fraud.rate * config.terminals / fraud.share
    return _compromised(seed, _TERMINALS, day, days=fraud.days, active=active, of=config.terminals)


def compromised_customers(config: CardsConfig, seed: int, day: int) -> Ints:
    """Customers whose card is compromised on ``day``, sorted; their number follows from the rate likewise."""
    fraud = config.customer_fraud
    active = fraud.rate * config.customers / fraud.share
    return _compromised(seed, _CUSTOMERS, day, days=fraud.days, active=active, of=config.customers)


def _compromised(seed: int, stream: int, day: int, *, days: int, active: float, of: int) -> Ints:
    begun = []
    for first in range(day - days + 1, day + 1):
        rng = np.random.default_rng((seed, stream, first + _DAYS_BEFORE))
        begun.append(rng.integers(of, size=rng.poisson(active / days)))
    return np.unique(np.concatenate(begun))


def commit_fraud(
    config: CardsConfig, world: World, rng: np.random.Generator, *, terminals: Ints, customers: Ints, of: Day
) -> None:
    """Turn some of a day's genuine payments into fraud, in place; a payment is of one kind, the last one that strikes.

    terminals, customers  compromised on that day
    """
    n = of.at.size
    usual = world.mean_amount[of.customer]
    spread = rng.uniform(0.7, 1.3, n)
    struck = rng.random(n)
    at_terminal = np.isin(of.terminal, terminals) & (struck < config.terminal_fraud.share)
    by_customer = np.isin(of.customer, customers) & (rng.random(n) < config.customer_fraud.share)
    by_amount = rng.random(n) < config.amount_fraud.rate
    of.kind[at_terminal] = TERMINAL
    of.kind[by_customer] = CUSTOMER
    of.kind[by_amount] = AMOUNT
    for kind, factor in ((CUSTOMER, config.customer_fraud.factor), (AMOUNT, config.amount_fraud.factor)):
        hit = of.kind == kind
        of.amount[hit] = np.minimum(usual[hit] * spread[hit] * factor, MAX_AMOUNT).astype(np.int64)


def draw_bursts(config: CardsConfig, rng: np.random.Generator, *, midnight: int, per_day: float) -> Day:
    """Draw the bursts of a day, as payments beside the genuine ones; not in event-time order.

    midnight  the day's first instant, epoch ms
    per_day   mean number of all genuine payments of a day
    """
    fraud = config.burst_fraud
    window_ms = fraud.minutes * 60_000
    payments = per_day * fraud.rate / (1.0 - fraud.rate)
    bursts = int(rng.poisson(payments / fraud.payments))
    sizes = 2 + rng.poisson(fraud.payments - 2, bursts)
    n = int(sizes.sum())
    begin = rng.integers(0, 86_400_000 - window_ms, bursts)
    return Day(
        at=midnight + np.repeat(begin, sizes) + rng.integers(0, window_ms, n),
        customer=np.repeat(rng.integers(config.customers, size=bursts), sizes),
        terminal=rng.integers(config.terminals, size=n),
        amount=rng.integers(50, 500, n),
        kind=np.full(n, BURST, np.int64),
        labelled=np.ones(n, np.bool_),
    )
