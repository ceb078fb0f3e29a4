"""Simulated card payments: customers with habits, and labelled fraud of four kinds whose verdicts come days late."""

import datetime as dt
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import count

import numpy as np

from producers.card_config import CardsConfig
from producers.card_day import DAY_MS, draw_day
from producers.card_fraud import KINDS, Day
from producers.card_world import Ints, draw_world
from producers.configuration import read_config
from producers.order import in_order
from producers.source import Record
from stream.wire.events import Label, Transaction
from stream.wire.topics import LABELS, TRANSACTIONS, TRUTH

_WORLD = 9  # which stream of chance
_EPOCH = dt.date(1970, 1, 1)


class Cards:
    """Card payments of simulated customers; frauds of four kinds, verdicts days later.

    Payments on ``transactions``, a verdict on each ``label_delay_days`` later on ``labels``, frauds at once on
    ``truth``; one stream in event-time order. The design is that of the Fraud Detection Handbook's simulator (Le
    Borgne et al. 2022), the world our own. For its settings see ``producers.card_config.CardsConfig``.
    """

    def __init__(self, *, seed: int = 0, config: Mapping[str, object] | None = None) -> None:
        self.config = read_config(CardsConfig, config or {}, where="[producers.cards]")
        self.seed = seed

    def records(self) -> Iterator[Record]:
        """Yield day after day, without end unless ``days`` is set; then the verdicts still due come after the last."""
        config = self.config
        world = draw_world(config, np.random.default_rng((self.seed, _WORLD)))
        voice = _Voice(config)
        midnight = (config.start - _EPOCH).days * DAY_MS
        waiting: deque[tuple[int, Day]] = deque()  # days with verdicts to come: number of the first payment, columns
        first = 0
        for day in range(config.days) if config.days else count():
            drawn = draw_day(config, world, seed=self.seed, day=day)
            waiting.append((first, drawn))
            begin = midnight + day * DAY_MS
            payments, frauds = voice.payments(first, drawn), voice.frauds(first, drawn)
            verdicts = [v for number, past in waiting for v in voice.verdicts(number, past, begin, begin + DAY_MS)]
            yield from in_order(payments + frauds + verdicts)
            first += len(payments)
            while waiting and voice.all_told(waiting[0][1], before=begin + DAY_MS):
                waiting.popleft()
        for number, past in waiting:
            yield from voice.verdicts(number, past, midnight + config.days * DAY_MS, None)


class _Voice:
    """Makes records of columns; ``first`` is always the number of a day's first payment."""

    def __init__(self, config: CardsConfig) -> None:
        self._customers = [f"c{i:05d}" for i in range(config.customers)]
        self._terminals = [f"m{i:05d}" for i in range(config.terminals)]
        self._delay = int(config.label_delay_days * DAY_MS)

    def payments(self, first: int, day: Day) -> list[Record]:
        customers, terminals, topic = self._customers, self._terminals, TRANSACTIONS.name
        columns = zip(day.at.tolist(), day.customer.tolist(), day.terminal.tolist(), day.amount.tolist(), strict=True)
        return [
            Record(
                topic,
                customers[c],
                Transaction(id=f"t{i:09d}", at=at, customer=customers[c], terminal=terminals[t], amount=amount),
            )
            for i, (at, c, t, amount) in enumerate(columns, first)
        ]

    def frauds(self, first: int, day: Day) -> list[Record]:
        return self._labels(TRUTH.name, first, day, np.flatnonzero(day.kind), delay=0)

    def verdicts(self, first: int, day: Day, since: int, until: int | None) -> list[Record]:
        known = day.at + self._delay
        due = (known >= since) & day.labelled
        if until is not None:
            due &= known < until
        return self._labels(LABELS.name, first, day, np.flatnonzero(due), delay=self._delay)

    def all_told(self, day: Day, *, before: int) -> bool:
        return day.at.size == 0 or int(day.at[-1]) + self._delay < before

    def _labels(self, topic: str, first: int, day: Day, which: Ints, *, delay: int) -> list[Record]:
        customers, terminals = self._customers, self._terminals
        columns = zip(
            (which + first).tolist(),
            (day.at[which] + delay).tolist(),
            day.customer[which].tolist(),
            day.terminal[which].tolist(),
            day.kind[which].tolist(),
            strict=True,
        )
        return [
            Record(
                topic,
                customers[c],
                Label(
                    transaction=f"t{i:09d}",
                    at=at,
                    customer=customers[c],
                    terminal=terminals[t],
                    fraud=kind > 0,
                    scenario=KINDS[kind],
                ),
            )
            for i, at, c, t, kind in columns
        ]
