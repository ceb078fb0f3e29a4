"""One day of simulated payments, drawn whole in columns: a function of the world, the seed and the day alone."""

import datetime as dt

import numpy as np

from producers.card_config import CardsConfig
from producers.card_fraud import (
    MAX_AMOUNT,
    Day,
    commit_fraud,
    compromised_customers,
    compromised_terminals,
    draw_bursts,
)
from producers.card_world import World

DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_PAYMENTS = 10  # which stream of chance
_SHAPE = 4.0  # of the gamma distributed amounts: deviation half the mean


def draw_day(config: CardsConfig, world: World, *, seed: int, day: int) -> Day:
    """Draw the payments of ``day`` (0 is ``config.start``), fraud included, in event-time order."""
    rng = np.random.default_rng((seed, _PAYMENTS, day))
    date = config.start + dt.timedelta(days=day)
    midnight = (date - dt.date(1970, 1, 1)).days * DAY_MS
    genuine = _draw_genuine(world, rng, weekday=date.weekday(), midnight=midnight)
    commit_fraud(
        config,
        world,
        rng,
        terminals=compromised_terminals(config, seed, day),
        customers=compromised_customers(config, seed, day),
        of=genuine,
    )
    bursts = draw_bursts(config, rng, midnight=midnight, per_day=config.customers * config.payments_per_day)
    return _in_order(config, rng, genuine, bursts)


def _draw_genuine(world: World, rng: np.random.Generator, *, weekday: int, midnight: int) -> Day:
    counts = rng.poisson(world.per_day[:, weekday])
    customer = np.repeat(np.arange(world.customers), counts)
    n = customer.size
    hour = (world.hour[customer] + world.hour_spread[customer] * rng.standard_normal(n)) % 24.0
    choice = (rng.random(n)[:, None] > world.preference[customer]).sum(axis=1)
    amount = rng.gamma(_SHAPE, world.mean_amount[customer] / _SHAPE)
    return Day(
        at=midnight + np.minimum((hour * _HOUR_MS).astype(np.int64), DAY_MS - 1),
        customer=customer,
        terminal=world.near[customer, choice],
        amount=np.clip(np.rint(amount), 1, MAX_AMOUNT).astype(np.int64),
        kind=np.zeros(n, np.int64),
        labelled=np.ones(n, np.bool_),
    )


def _in_order(config: CardsConfig, rng: np.random.Generator, genuine: Day, bursts: Day) -> Day:
    at = np.concatenate((genuine.at, bursts.at))
    order = np.argsort(at, kind="stable")
    return Day(
        at=at[order],
        customer=np.concatenate((genuine.customer, bursts.customer))[order],
        terminal=np.concatenate((genuine.terminal, bursts.terminal))[order],
        amount=np.concatenate((genuine.amount, bursts.amount))[order],
        kind=np.concatenate((genuine.kind, bursts.kind))[order],
        labelled=rng.random(at.size) < config.labelled_share,
    )
