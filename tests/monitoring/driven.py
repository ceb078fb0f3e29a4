"""Outputs of the real stages, driven by the simulators and some bad input, to feed metrics with."""

from collections.abc import Iterator
from itertools import islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from producers.cards import Cards
from producers.market import Market
from producers.source import Source
from stream.core.stage import Output
from stream.replay import Keyed, Replay
from stream.settings import Alerts, Payments, Settings
from stream.settings import Market as MarketSettings
from stream.wire.events import Quote, Trade, Transaction

SETTINGS = Settings(
    payments=Payments(max_history=8),
    market=MarketSettings(bar_seconds=1, snapshot_seconds=1, max_drawdown=0.001),
    alerts=Alerts(cooldown_seconds=3600),
)


class Amounts:
    """A detector as a stranger would write it: what is strange is a large amount."""

    name = "amounts"
    version = "1"
    features: tuple[str, ...] = ("amount",)
    threshold = 100.0
    usual = np.array([50.0])

    def score(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The amount."""
        return np.ascontiguousarray(x[:, 0])

    def explain(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """All of it is the amount's."""
        return x.copy()

    def probability(self, score: NDArray[np.float64]) -> None:
        """Not calibrated."""


def outputs(events: int = 3000) -> list[tuple[str, Output]]:
    """What the stages make of payments and of ticks, bad ones among them: ``(stage, output)``, both kinds mixed."""
    placed: list[tuple[float, str, Output]] = []
    for records in (_payments(events), _ticks(10 * events)):
        made = list(Replay(SETTINGS, [Amounts()], batch=500).run(records))
        placed += [(place / len(made), _stage_of(output), output) for place, output in enumerate(made)]
    return [(stage, output) for _, stage, output in sorted(placed, key=lambda entry: entry[0])]


def _stage_of(output: Output) -> str:
    kinds = {key[:2] for key in output.counts}
    if ("scored", "payments") in kinds:
        return "terminals"
    return "market" if ("events_in", "ticks") in kinds else "customers"


def _keyed(source: Source, events: int) -> Iterator[Keyed]:
    return ((record.topic, record.key, record.event) for record in islice(source.records(), events))


def _payments(events: int) -> Iterator[Keyed]:
    for place, (topic, key, event) in enumerate(_keyed(Cards(seed=1, config={}), events)):
        yield topic, key, event
        if isinstance(event, Transaction) and place % 500 == 400:
            yield topic, key, event  # a duplicate
            yield topic, key, msgspec.structs.replace(event, id=f"{event.id}-late", at=event.at - 86_400_000)
            yield topic, key, msgspec.structs.replace(event, id=f"{event.id}-usd", currency="USD")


def _ticks(events: int) -> Iterator[Keyed]:
    for place, (topic, key, event) in enumerate(_keyed(Market(seed=1, config={}), events)):
        yield topic, key, event
        if isinstance(event, Trade) and place % 50 == 0:
            yield topic, key, msgspec.structs.replace(event, price=3 * event.price)
        if isinstance(event, Quote) and place % 50 == 1:
            yield topic, key, msgspec.structs.replace(event, bid=event.ask, ask=event.bid)
