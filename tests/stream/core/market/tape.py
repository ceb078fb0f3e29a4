"""Builders: ticks, tapes of them from a seed, and the slices that a stage is fed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from stream.core.market.stage import MarketStage
from stream.settings import Market, Settings
from stream.wire.codec import encode
from stream.wire.events import Alert, DeadLetter, Quote, RiskSnapshot, TickEvent, Trade
from stream.wire.records import Outgoing, Slice

START = 1_700_000_100_000  # a whole minute
NOW = 1_800_000_000_000


def a_trade(at: float, price: float, *, symbol: str = "AAPL", size: float = 100.0, side: str = "") -> Trade:
    """A trade ``at`` seconds after the start."""
    return Trade(symbol=symbol, at=START + round(1_000 * at), price=price, size=size, side=side)


def a_quote(
    at: float, bid: float, ask: float, *, symbol: str = "AAPL", bid_size: float = 100.0, ask_size: float = 100.0
) -> Quote:
    """A quote ``at`` seconds after the start."""
    return Quote(symbol=symbol, at=START + round(1_000 * at), bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size)


def a_slice(ticks: Sequence[TickEvent | bytes | None], *, first: int = 0) -> Slice:
    """Records of partition 0 from offset ``first`` on; bytes go as they are."""
    values = [encode(tick) if isinstance(tick, Trade | Quote) else tick for tick in ticks]
    return Slice(
        topic="ticks",
        partition=0,
        offset=np.arange(first, first + len(values)),
        produced=np.full(len(values), NOW),
        values=values,
        next_offset=first + len(values),
    )


def a_stage(**market: object) -> MarketStage:
    """A stage of partition 0 with these market settings."""
    return MarketStage(0, Settings(market=msgspec.convert(market, Market)))


@dataclass
class Seen:
    """All that a stage put out."""

    records: list[Outgoing] = field(default_factory=list)
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def _of(self, topic: str) -> list[bytes]:
        return [record.value for record in self.records if record.topic == topic]

    @property
    def alerts(self) -> list[Alert]:
        """Told."""
        return [msgspec.json.decode(value, type=Alert) for value in self._of("alerts")]

    @property
    def snapshots(self) -> list[RiskSnapshot]:
        """Of every cause."""
        return [msgspec.json.decode(value, type=RiskSnapshot) for value in self._of("risk")]

    @property
    def dead(self) -> list[DeadLetter]:
        """Refused."""
        return [msgspec.json.decode(value, type=DeadLetter) for value in self._of("dead-letters")]


def feed(
    stage: MarketStage,
    ticks: Iterable[TickEvent | bytes | None],
    *,
    step: int = 512,
    first: int = 0,
    upto: int | None = None,
) -> Seen:
    """Feed ticks in slices of ``step``, the first at offset ``first``."""
    every = list(ticks)[:upto]
    seen = Seen()
    for start in range(0, len(every), step):
        output = stage.feed(a_slice(every[start : start + step], first=first + start), now=NOW)
        seen.records += output.records
        seen.counts.update(output.counts)
    return seen


def a_calm_tape(seconds: int, *, seed: int = 1, symbol: str = "AAPL", start: float = 0.0) -> list[TickEvent]:
    """A trade and a quote each second around 100, one basis point of deviation a second, spread of two cents."""
    rng = np.random.default_rng(seed)
    prices = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-4, seconds)))
    ticks: list[TickEvent] = []
    for i, price in enumerate(prices.round(2).tolist()):
        ticks.append(a_quote(start + i, round(price - 0.01, 2), round(price + 0.01, 2), symbol=symbol))
        ticks.append(a_trade(start + i + 0.5, price, symbol=symbol))
    return ticks


def a_rough_tape(
    count: int, *, seed: int, symbols: Sequence[str] = ("AAPL",), gap: float = 1.0, silences: float = 0.002
) -> list[TickEvent]:
    """A tape with everything in it: jumps, one-sided and crossed quotes, bad prints, ticks out of order, silences."""
    rng = np.random.default_rng(seed)
    price = dict.fromkeys(symbols, 50.0)
    at = 0.0
    ticks: list[TickEvent] = []
    for _ in range(count):
        symbol = str(rng.choice(symbols))
        at += float(rng.exponential(gap)) + (400.0 if rng.random() < silences else 0.0)
        price[symbol] *= float(np.exp(2e-4 * rng.standard_t(3)) * (1.01 if rng.random() < 0.002 else 1.0))
        seen = price[symbol] * (float(rng.uniform(0.8, 1.2)) if rng.random() < 0.02 else 1.0)
        when = at - (float(rng.exponential(10.0)) if rng.random() < 0.05 else 0.0)
        if rng.random() < 0.4:
            side = str(rng.choice(["", "buy", "sell"]))
            ticks.append(a_trade(when, round(seen, 2), symbol=symbol, size=float(rng.integers(1, 500)), side=side))
            continue
        half = 0.01 * float(rng.integers(0, 4)) - (0.05 if rng.random() < 0.01 else 0.0)
        bid, ask = round(seen - half, 2), round(seen + half, 2)
        which = rng.random()
        sizes = {"bid_size": float(rng.integers(1, 900)), "ask_size": float(rng.integers(1, 900))}
        ticks.append(a_quote(when, 0.0 if which < 0.3 else bid, 0.0 if which > 0.7 else ask, symbol=symbol, **sizes))
    return ticks
