"""What a simulated market is like: symbols, volatility, how they move together, the book, and what shocks them."""

import datetime as dt
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream.errors import SettingsError
from stream.settings import Section
from stream.wire.events import Id

Share = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]
Often = Annotated[float, msgspec.Meta(ge=0.0, le=1_000.0, description="times a day and symbol, on average")]
Minutes = Annotated[float, msgspec.Meta(gt=0.0, le=1_440.0)]
Factor = Annotated[float, msgspec.Meta(gt=1.0, le=1_000.0)]


class Jumps(Section, frozen=True, kw_only=True):
    """The price moves at once, up or down; ``size`` is the mean simple return of one."""

    per_day: Often = 6.0
    size: Annotated[float, msgspec.Meta(gt=0.0, le=0.5)] = 0.015


class VolatilityShocks(Section, frozen=True, kw_only=True):
    """Returns are ``factor`` times as large for a while."""

    per_day: Often = 6.0
    factor: Factor = 4.0
    minutes: Minutes = 15.0


class Withdrawals(Section, frozen=True, kw_only=True):
    """Liquidity leaves for a while: the spread is ``factor`` times as wide, sizes that much smaller, trades fewer."""

    per_day: Often = 6.0
    factor: Factor = 12.0
    minutes: Minutes = 5.0


class MarketConfig(Section, frozen=True, kw_only=True):
    """``[producers.market]``.

    start             first instant, midnight UTC; the market never closes
    step_ms           between two returns of a symbol
    correlation       of standardised returns: one number for every pair, or the whole matrix
    daily_volatility  deviation of a day's return in calm times
    alpha, beta       of the GARCH(1,1) per step; alpha + beta < 1
    degrees           of freedom of the innovations' Student t, over 2
    spread_bps        usual quoted spread, 1e-4 of the price
    size              usual size of a quote's side, units
    quote_share, trade_share   of the steps in which a symbol has a quote, a trade
    decimals          of prices
    """

    symbols: tuple[Id, ...] = ("ALDR", "BRCH", "CEDR", "ELMX", "FIRX", "HAZL", "MAPL", "OAKS")
    start: dt.date = dt.date(2025, 1, 1)
    step_ms: Annotated[int, msgspec.Meta(ge=2, le=60_000)] = 250
    correlation: Share | tuple[tuple[float, ...], ...] = 0.4
    daily_volatility: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 0.02
    alpha: Share = 0.01
    beta: Share = 0.9895
    degrees: Annotated[float, msgspec.Meta(gt=2.0)] = 8.0
    spread_bps: Annotated[float, msgspec.Meta(gt=0.0, le=1_000.0)] = 3.0
    size: Annotated[float, msgspec.Meta(ge=1.0)] = 500.0
    quote_share: Share = 0.9
    trade_share: Share = 0.35
    decimals: Annotated[int, msgspec.Meta(ge=0, le=8)] = 2
    jumps: Jumps = Jumps()
    volatility_shocks: VolatilityShocks = VolatilityShocks()
    withdrawals: Withdrawals = Withdrawals()

    def loading(self) -> NDArray[np.float64]:
        """``(symbols, symbols)`` lower factor of the correlation matrix (Cholesky).

        Raises SettingsError where the matrix is none of a correlation, or alpha + beta is not below 1.
        """
        where = "[producers.market]"
        n = len(self.symbols)
        if n == 0 or len(set(self.symbols)) < n:
            raise SettingsError("symbols", "at least one, each once", where=where)
        if self.alpha + self.beta >= 1.0:
            raise SettingsError("alpha, beta", "a sum below 1", self.alpha + self.beta, where=where)
        if isinstance(self.correlation, tuple):
            if [len(row) for row in self.correlation] != [n] * n:
                raise SettingsError("correlation", f"{n} rows of {n} numbers", where=where)
            matrix = np.array(self.correlation)
        else:
            matrix = np.full((n, n), self.correlation)
            np.fill_diagonal(matrix, 1.0)
        try:
            if not (np.array_equal(matrix, matrix.T) and np.array_equal(np.diag(matrix), np.ones(n))):
                raise SettingsError("correlation", "a symmetric matrix with 1 on the diagonal", where=where)
            return np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            raise SettingsError("correlation", "a positive definite matrix", where=where) from None
