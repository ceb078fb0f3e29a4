"""From prices to what a feed shows: quotes with spread and sizes, trades at the touch with their aggressor's side."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from producers.market_config import MarketConfig
from producers.source import Record
from stream.wire.events import Quote, Trade
from stream.wire.topics import TICKS

Matrix = NDArray[np.float64]
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
    steps, symbols = stretch.mid.shape
    scale = 10.0**config.decimals
    noise = rng.lognormal(0.0, 0.25, (steps, symbols))
    half = 0.5e-4 * config.spread_bps * stretch.mid * np.sqrt(stretch.variance) * stretch.thinned * noise
    bid = np.maximum(np.floor((stretch.mid - half) * scale), 1.0)
    ask = np.maximum(np.ceil((stretch.mid + half) * scale), bid + 1.0)
    sizes = rng.lognormal(0.0, 0.5, (4, steps, symbols)) * config.size / stretch.thinned
    sizes[2] *= 0.3  # a trade takes part of what is offered
    units = np.maximum(np.rint(sizes), 1.0)
    starts = begin_ms + config.step_ms * np.arange(steps)[:, None]
    at = starts + rng.integers(0, config.step_ms // 2, (2, steps, symbols))
    at[1] += config.step_ms // 2
    buys = rng.random((steps, symbols)) < 1.0 / (1.0 + np.exp(-_PUSH * stretch.standard))
    quoted = np.nonzero(rng.random((steps, symbols)) < config.quote_share)
    traded = np.nonzero(rng.random((steps, symbols)) < config.trade_share / np.sqrt(stretch.thinned))
    names = config.symbols
    quotes = [
        Record(TICKS.name, names[s], Quote(symbol=names[s], at=t, bid=b, ask=a, bid_size=m, ask_size=n))
        for t, s, b, a, m, n in zip(
            at[0][quoted].tolist(),
            quoted[1].tolist(),
            (bid[quoted] / scale).tolist(),
            (ask[quoted] / scale).tolist(),
            units[0][quoted].tolist(),
            units[1][quoted].tolist(),
            strict=True,
        )
    ]
    trades = [
        Record(TICKS.name, names[s], Trade(symbol=names[s], at=t, price=p, size=n, side=_SIDES[side]))
        for t, s, p, n, side in zip(
            at[1][traded].tolist(),
            traded[1].tolist(),
            (np.where(buys, ask, bid)[traded] / scale).tolist(),
            units[2][traded].tolist(),
            buys[traded].tolist(),
            strict=True,
        )
    ]
    return quotes + trades
