"""Figures: the names on a risk snapshot, and how each is read from a row at a moment; nan where history is short.

Prices and spreads are in price units; ``*_ratio``, volatilities (of one bar unless a window is named), drawdown and
losses are plain ratios. Windowed figures look at the bars that ended in ``(at - window, at]``; they are nan where
none did, and where the memory does not reach back so far.
"""

import math

from models.compiled import kernel
from models.risk.drawdown import drawdown
from models.risk.liquidity import amihud_illiquidity, roll_spread
from models.risk.returns import simple_return
from models.risk.tail import LEVELS, normal_tail
from models.risk.volatility import realised_volatility
from stream.core.market.limits import Limits
from stream.core.market.rings import bars_since, in_order, newest
from stream.core.market.row import BACKTEST_BARS, Row
from stream.core.market.usual import move_volatility, price, usual_spread, volatility
from stream.wire.columns import Floats

_PERCENT = ("95", "975", "99")
FIGURES: tuple[str, ...] = (
    "last",  # trade
    "bid",
    "ask",
    "mid",
    "quoted_spread",
    "quoted_spread_ratio",
    "usual_spread_ratio",
    "effective_spread",  # of the last trade: twice its distance from the mid before it
    "roll_spread",  # of the last 256 trades
    "amihud_per_million_30m",  # return per million of currency traded
    "order_flow_imbalance_5m",  # units of quote size, positive is buying pressure
    "signed_volume_5m",  # units traded, buys less sells
    "volatility_ewma",
    "volatility_bipower",  # of the last 60 returns
    "realised_volatility_5m",
    "realised_volatility_30m",
    "realised_volatility_1d",
    *(f"value_at_risk_{p}" for p in _PERCENT),  # next bar, filtered historical simulation
    *(f"expected_shortfall_{p}" for p in _PERCENT),
    *(f"normal_value_at_risk_{p}" for p in _PERCENT),
    *(f"normal_expected_shortfall_{p}" for p in _PERCENT),
    "drawdown",  # from the running peak
    "move_sigmas",  # signed move since the last closed bar over its local volatility
    "exceedances_250",  # of the 99 % value at risk among the last 250 bars
    "bad_tick_ratio",  # refused among about the last 64 ticks
    "bars",  # returns learned from
)
_REALISED = FIGURES.index("realised_volatility_5m")
_TAILS = FIGURES.index("value_at_risk_95")
_WINDOWS = (300_000, 1_800_000, 86_400_000)
_NORMAL = tuple(normal_tail(level)[0] for level in LEVELS) + tuple(normal_tail(level)[1] for level in LEVELS)
_MILLION = 1e6


@kernel
def read_figures(row: Row, limits: Limits, at: int, out: Floats) -> None:
    """Read all figures of a symbol as they stand at ``at`` into ``out (FIGURES,)``."""
    out[:] = math.nan
    out[0] = row["last"]
    out[1] = row["bid"]
    out[2] = row["ask"]
    out[3] = row["mid"]
    out[4] = row["spread"] * row["mid"]
    out[5] = row["spread"]
    out[6] = usual_spread(row)
    out[7] = row["effective_spread"]
    out[8] = roll_spread(in_order(row["trade_prices"], row["trades"]))
    _read_flow(row, limits, at, out)
    _read_volatility(row, limits, at, out)
    if row["peak"] > 0.0:
        out[_TAILS + 12] = drawdown(row["peak"], price(row))
    if row["bars"] > 0:
        usual = move_volatility(row)
        out[_TAILS + 13] = simple_return(row["close"], price(row)) / usual if usual > 0.0 else math.nan
    out[_TAILS + 14] = row["exceeded"][: min(row["judged"], BACKTEST_BARS)].sum() if row["judged"] else math.nan
    out[_TAILS + 15] = row["bad_share"]
    out[_TAILS + 16] = row["bars"]


@kernel
def _read_flow(row: Row, limits: Limits, at: int, out: Floats) -> None:
    half_hour = bars_since(row["flow_bar"], row["flows"], limits.bar_ms, at - _WINDOWS[1])
    if half_hour > 0:
        moves = newest(row["flow_move"], row["flows"], half_hour)
        out[9] = _MILLION * amihud_illiquidity(moves, newest(row["flow_notional"], row["flows"], half_hour))
    minutes = bars_since(row["flow_bar"], row["flows"], limits.bar_ms, at - _WINDOWS[0])
    if minutes > 0:
        out[10] = newest(row["flow_imbalance"], row["flows"], minutes).sum()
        out[11] = newest(row["flow_signed"], row["flows"], minutes).sum()


@kernel
def _read_volatility(row: Row, limits: Limits, at: int, out: Floats) -> None:
    now = volatility(row)
    out[12] = now
    out[13] = row["local_volatility"]
    for i in range(len(_WINDOWS)):
        held = bars_since(row["day_bar"], row["bars"], limits.bar_ms, at - _WINDOWS[i])
        if held > 0:
            out[_REALISED + i] = realised_volatility(newest(row["day_return"], row["bars"], held))
    for i in range(len(LEVELS)):
        out[_TAILS + i] = row["tail"][0, i] * now
        out[_TAILS + 3 + i] = row["tail"][1, i] * now
    for i in range(len(_NORMAL)):
        out[_TAILS + 6 + i] = _NORMAL[i] * now
