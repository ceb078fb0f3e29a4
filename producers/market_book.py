"""From prices to what a feed shows: quotes with spread and sizes, trades at the touch with their aggressor's side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from producers.market_config import MarketConfig
from producers.source import Record
from stream.wire.events import Quote, Trade
from stream.wire.topics import TICKS

Matrix = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
_SIDES = ("sell", "buy")
_PUSH = 0.8  # how much a return of one deviation tilts the odds of a buy


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What the book is made of, each ``(steps, symbols)``.

    mid       efficient price
    standard  return into it, in units of its conditional deviation
    variance  conditional variance, mean 1
    thinned   factor of a liquidity withdrawal, 1 in usual times
    """

    mid: Matrix
    standard: Matrix
    variance: Matrix
    thinned: Matrix


def show(config: MarketConfig, rng: np.random.Generator, stretch: Stretch, *, begin_ms: int) -> list[Record]:
    """Make the quotes, then the trades of a stretch; a step's quote comes in its first half, its trade in the second.

    begin_ms  event time of the first step, epoch ms
    """
    shape = stretch.mid.shape
    scale = 10.0**config.decimals  # ticks are whole numbers: over it they are the floats nearest to decimal prices
    noise = rng.lognormal(0.0, 0.25, shape)
    half = 0.5e-4 * config.spread_bps * stretch.mid * np.sqrt(stretch.variance) * stretch.thinned * noise
    bid = np.maximum(np.floor((stretch.mid - half) * scale), 1.0)
    ask = np.maximum(np.ceil((stretch.mid + half) * scale), bid + 1.0)
    sizes = rng.lognormal(0.0, 0.5, (3, *shape)) * config.size / stretch.thinned
    sizes[2] *= 0.3  # a trade takes part of what is offered
    units = np.maximum(np.rint(sizes), 1.0)
    at = begin_ms + config.step_ms * np.arange(shape[0])[:, None] + rng.integers(0, config.step_ms // 2, (2, *shape))
    at[1] += config.step_ms // 2
    buys = rng.random(shape) < 1.0 / (1.0 + np.exp(-_PUSH * stretch.standard))
    quoted = rng.random(shape) < config.quote_share
    traded = rng.random(shape) < config.trade_share / np.sqrt(stretch.thinned)
    quotes = _quotes(config.symbols, quoted, at[0], bid / scale, ask / scale, units[0], units[1])
    return quotes + _trades(config.symbols, traded, at[1], np.where(buys, ask, bid) / scale, units[2], buys)


def _quotes(
    names: Sequence[str], shown: Mask, at: Ints, bid: Matrix, ask: Matrix, bid_size: Matrix, ask_size: Matrix
) -> list[Record]:
    columns = (np.nonzero(shown)[1], at[shown], bid[shown], ask[shown], bid_size[shown], ask_size[shown])
    return [
        Record(TICKS.name, names[s], Quote(symbol=names[s], at=t, bid=b, ask=a, bid_size=m, ask_size=n))
        for s, t, b, a, m, n in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _trades(names: Sequence[str], shown: Mask, at: Ints, price: Matrix, size: Matrix, buys: Mask) -> list[Record]:
    columns = (np.nonzero(shown)[1], at[shown], price[shown], size[shown], buys[shown])
    return [
        Record(TICKS.name, names[s], Trade(symbol=names[s], at=t, price=p, size=n, side=_SIDES[buy]))
        for s, t, p, n, buy in zip(*(column.tolist() for column in columns), strict=True)
    ]
