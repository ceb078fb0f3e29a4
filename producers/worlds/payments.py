"""The payments of a world, drawn in columns: the Handbook's customers, with patterns of fraud that may be others.

Source: Le Borgne, Siblini, Lebichot & Bontempi, Fraud Detection Handbook (2022), ch. 3. Unlike there, a customer's
terminals are any, not the nearest ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from producers.source import Record
from producers.worlds.drawing import Patterns
from stream.wire.events import Label, Transaction
from stream.wire.topics import LABELS, TRANSACTIONS, TRUTH

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY_MS = 86_400_000
DELAY_MS = 7 * DAY_MS  # until a verdict
START_MS = 18_267 * DAY_MS  # 6 January 2020, a Monday


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """All payments of a world in event-time order, ``(n,)`` each.

    at      epoch ms
    amount  minor units
    fraud   1 a fraud
    mean    of the customer's genuine amounts, currency units: known to nobody but the filter
    """

    at: Ints
    customer: Ints
    terminal: Ints
    amount: Ints
    fraud: Ints
    mean: Floats


def live(world: Patterns, seed: int) -> Lived:
    """Draw all payments of a world; the same seed gives the same."""
    chance = np.random.default_rng(seed)
    mean = chance.uniform(5.0, 100.0, world.customers)
    rate = chance.uniform(0.0, 4.0, world.customers)
    near = chance.integers(0, world.terminals, (world.customers, world.reach))
    broken = _begun(chance, world.terminals, world.broken, world.terminal_days, world.days)
    stolen = _begun(chance, world.customers, world.stolen, world.card_days, world.days)
    spans = (broken, world.terminal_days), (stolen, world.card_days)
    days = []
    for day in range(world.days):
        columns = _genuine(world, chance, mean, rate, near, START_MS + day * DAY_MS)
        bad = (np.concatenate(begun[day : day + span]) for begun, span in spans)
        days.append((*columns, _defraud(world, chance, columns, *bad)))
    at, customer, terminal, amount, fraud = (np.concatenate(column) for column in zip(*days, strict=True))
    order = np.argsort(at, kind="stable")
    return Lived(
        at=at[order],
        customer=customer[order],
        terminal=terminal[order],
        amount=amount[order],
        fraud=fraud[order],
        mean=mean[customer[order]],
    )


def _begun(chance: np.random.Generator, among: int, share: float, span: int, days: int) -> list[Ints]:
    """Who was compromised on which day, from so long before the first that the share holds from the first day on."""
    mean = share * among / span
    return [chance.choice(among, chance.poisson(mean), replace=False) for _ in range(span - 1 + days)]


def _genuine(
    world: Patterns, chance: np.random.Generator, mean: Floats, rate: Floats, near: Ints, midnight: int
) -> tuple[Ints, Ints, Ints, Ints]:
    """Draw a day of genuine payments: instant, customer, terminal, amount."""
    customer = np.repeat(np.arange(world.customers), chance.poisson(rate))
    second = chance.normal(43_200.0, 20_000.0, len(customer))
    within = (second > 0.0) & (second < 86_400.0)
    customer, second = customer[within], second[within]
    usual = mean[customer]
    amount = chance.normal(usual, usual / 2.0)
    amount = np.where(amount < 0.0, chance.uniform(0.0, 2.0 * usual), amount)
    terminal = near[customer, chance.integers(0, world.reach, len(customer))]
    cents = np.maximum(np.rint(100.0 * amount), 1.0).astype(np.int64)
    return midnight + (1000.0 * second).astype(np.int64), customer, terminal, cents


def _defraud(
    world: Patterns,
    chance: np.random.Generator,
    columns: tuple[Ints, Ints, Ints, Ints],
    broken: Ints,
    stolen: Ints,
) -> Ints:
    """Say which payments of a day are fraud, and raise the amounts of those by stolen cards in place."""
    _, customer, terminal, amount = columns
    fraud = (amount > 100.0 * world.limit) | np.isin(terminal, broken)
    used = np.isin(customer, stolen) & (chance.random(len(customer)) < world.share)
    amount[used] = np.rint(amount[used] * world.factor).astype(np.int64)
    return (fraud | used).astype(np.int64)


def records(lived: Lived) -> Iterator[Record]:
    """Tell a world's payments, and their verdicts a week later, in event-time order; frauds at once as truth.

    Ids number the payments: ``t000000000`` is the first.
    """
    due = 0
    columns = zip(*(column.tolist() for column in (lived.at, lived.amount, lived.fraud)), strict=True)
    customers = [f"c{number:05d}" for number in lived.customer.tolist()]
    terminals = [f"m{number:05d}" for number in lived.terminal.tolist()]

    def label(i: int, at: int) -> Label:
        return Label(
            transaction=f"t{i:09d}", at=at, customer=customers[i], terminal=terminals[i], fraud=bool(lived.fraud[i])
        )

    for i, (at, amount, fraud) in enumerate(columns):
        while int(lived.at[due]) + DELAY_MS <= at:
            yield Record(LABELS.name, customers[due], label(due, int(lived.at[due]) + DELAY_MS))
            due += 1
        payment = Transaction(id=f"t{i:09d}", at=at, customer=customers[i], terminal=terminals[i], amount=amount)
        yield Record(TRANSACTIONS.name, customers[i], payment)
        if fraud:
            yield Record(TRUTH.name, customers[i], label(i, at))
