"""A simulated market: correlated, clustering, fat-tailed returns seen through a book, with shocks told on ``truth``."""

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import count

import numpy as np

from producers.configuration import read_config
from producers.market_book import Stretch, show
from producers.market_config import MarketConfig
from producers.market_returns import draw_returns
from producers.market_shocks import Planned, draw_shocks, factors, jump_returns
from producers.order import in_order
from producers.source import Record
from stream.wire.events import Shock
from stream.wire.topics import TRUTH

_STEPS = 1_200  # drawn at a time: five minutes of the default
_DAY_MS = 86_400_000


class Market:
    """Trades and quotes of simulated symbols; jumps, volatile stretches and liquidity withdrawals labelled.

    Ticks on ``ticks``, each shock on ``truth`` when it begins; without end, in event-time order. For its settings see
    ``producers.market_config.MarketConfig``.
    """

    def __init__(self, *, seed: int = 0, config: Mapping[str, object] | None = None) -> None:
        self.config = read_config(MarketConfig, config or {}, where="[producers.market]")
        self.seed = seed
        self._loading = self.config.loading()

    def records(self) -> Iterator[Record]:
        """Yield stretch after stretch; prices begin between 20 and 200."""
        config = self.config
        rng = np.random.default_rng(self.seed)
        symbols = len(config.symbols)
        price = np.exp(rng.uniform(np.log(20.0), np.log(200.0), symbols))
        variance = np.ones(symbols)
        deviation = config.daily_volatility * np.sqrt(config.step_ms / _DAY_MS)
        midnight = (config.start - dt.date(1970, 1, 1)).days * _DAY_MS
        shocks: list[Planned] = []
        for begin in count(0, _STEPS):
            running = [shock for shock in shocks if shock.end > begin]
            begun = draw_shocks(config, rng, begin=begin, steps=_STEPS, running=running)
            shocks = running + begun
            drawn = draw_returns(
                rng,
                steps=_STEPS,
                loading=self._loading,
                alpha=config.alpha,
                beta=config.beta,
                degrees=config.degrees,
                variance=variance,
            )
            wild = factors(shocks, "volatility", begin=begin, steps=_STEPS, symbols=symbols)
            moves = deviation * wild * drawn.standard
            moves += jump_returns(shocks, begin=begin, steps=_STEPS, symbols=symbols)
            mid = price * np.exp(np.cumsum(moves, axis=0))
            stretch = Stretch(
                mid=mid,
                standard=drawn.standard / np.sqrt(drawn.variance),
                variance=drawn.variance,
                thinned=factors(shocks, "liquidity", begin=begin, steps=_STEPS, symbols=symbols),
            )
            told = [self._tell(shock, midnight) for shock in begun]
            yield from in_order(told + show(config, rng, stretch, begin_ms=midnight + begin * config.step_ms))
            price, variance = mid[-1], drawn.after

    def _tell(self, shock: Planned, midnight: int) -> Record:
        symbol = self.config.symbols[shock.symbol]
        at = midnight + shock.begin * self.config.step_ms
        until = at if shock.kind == "jump" else midnight + shock.end * self.config.step_ms
        return Record(TRUTH.name, symbol, Shock(symbol=symbol, at=at, kind=shock.kind, until=until, size=shock.size))
