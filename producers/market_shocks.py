"""What a simulated market does on purpose: jumps, volatile stretches, withdrawn liquidity, each told on ``truth``."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from producers.market_config import MarketConfig

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One shock of one symbol, over the steps ``[begin, end)``.

    kind  "jump", "volatility" or "liquidity"
    size  signed simple return of a jump, factor on volatility, factor on the spread
    """

    kind: str
    symbol: int
    begin: int
    end: int
    size: float


def draw_shocks(
    config: MarketConfig, rng: np.random.Generator, *, begin: int, steps: int, running: list[Planned]
) -> list[Planned]:
    """Draw the shocks that begin within ``[begin, begin + steps)``, in order; none while one of its kind still runs.

    running  those drawn before that may reach into this stretch
    """
    days = steps * config.step_ms / _DAY_MS
    busy = {(shock.kind, shock.symbol): shock.end for shock in running}
    plans = (
        ("jump", config.jumps.per_day, 0.0),
        ("volatility", config.volatility_shocks.per_day, config.volatility_shocks.minutes),
        ("liquidity", config.withdrawals.per_day, config.withdrawals.minutes),
    )
    drawn: list[Planned] = []
    for symbol in range(len(config.symbols)):
        for kind, per_day, minutes in plans:
            length = max(1, round(minutes * 60_000 / config.step_ms))
            for first in np.sort(rng.integers(begin, begin + steps, rng.poisson(per_day * days))).tolist():
                size = _size(config, rng, kind)
                if first >= busy.get((kind, symbol), 0):
                    busy[kind, symbol] = first + length
                    drawn.append(Planned(kind=kind, symbol=symbol, begin=first, end=first + length, size=size))
    return sorted(drawn, key=lambda shock: shock.begin)


def _size(config: MarketConfig, rng: np.random.Generator, kind: str) -> float:
    if kind == "jump":
        return config.jumps.size * float(rng.choice((-1.0, 1.0)) * rng.uniform(0.6, 1.4))
    return config.volatility_shocks.factor if kind == "volatility" else config.withdrawals.factor


def factors(shocks: list[Planned], kind: str, *, begin: int, steps: int, symbols: int) -> NDArray[np.float64]:
    """``(steps, symbols)`` the factor in force at each step of ``[begin, begin + steps)``, 1 where there is none."""
    out = np.ones((steps, symbols))
    for shock in shocks:
        if shock.kind == kind:
            out[max(shock.begin - begin, 0) : max(shock.end - begin, 0), shock.symbol] = shock.size
    return out


def jump_returns(shocks: list[Planned], *, begin: int, steps: int, symbols: int) -> NDArray[np.float64]:
    """``(steps, symbols)`` log return that the jumps add at each step of ``[begin, begin + steps)``."""
    out = np.zeros((steps, symbols))
    for shock in shocks:
        if shock.kind == "jump" and begin <= shock.begin < begin + steps:
            out[shock.begin - begin, shock.symbol] += np.log1p(shock.size)
    return out
