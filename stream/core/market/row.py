"""What is remembered of one symbol: a fixed-size record, about 28 KB, most of it a day of one-minute returns."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Row: TypeAlias = np.void
Rows: TypeAlias = "NDArray[np.void]"

WINDOW = 32  # accepted prices that a new one is screened against
TRADES, BIDS, ASKS = 0, 1, 2  # channels of the screen
DAY_BARS = 1440  # returns kept for windows up to a day: a full day of one-minute bars
FLOW_BARS = 64  # bars kept of traded value and flow: half an hour of one-minute bars
LOCAL_BARS = 60  # returns of the bipower volatility that a jump is measured by
SIMULATED = 500  # standardised returns of filtered historical simulation
BACKTEST_BARS = 250  # bars over which exceedances of value at risk are counted
BOUNCES = 256  # trade prices of Roll's estimator
KINDS = ("market", "liquidity", "feed")  # of alerts, each with a cooldown of its own
NO_BASIS, QUOTED, TRADED = 0, 1, 2
NONE = -1

ROW = np.dtype(
    [
        # clock
        ("last_offset", "i8"),  # of the last tick applied
        ("newest_at", "i8"),  # event time of the newest tick applied
        ("ticks", "i8"),
        ("active", "i8"),  # the partition's active time at the symbol's last tick, ms
        ("usual_gap", "f8"),  # between ticks, ms of active time
        ("long_gap", "f8"),  # longest, fading
        ("stale", "i8"),
        ("next_snapshot", "i8"),
        # trades
        ("last", "f8"),
        ("last_at", "i8"),
        ("sign", "f8"),  # of the last trade
        ("effective_spread", "f8"),
        ("trade_prices", "f8", (BOUNCES,)),
        ("trades", "i8"),
        # quotes
        ("bid", "f8"),  # nan: absent
        ("ask", "f8"),
        ("bid_size", "f8"),
        ("ask_size", "f8"),
        ("bid_at", "i8"),
        ("ask_at", "i8"),
        ("quote_at", "i8"),
        ("mid", "f8"),  # nan: a side is absent or stale
        ("spread", "f8"),  # relative to mid, prevailing
        ("spread_at", "i8"),
        ("spread_total", "f8"),  # time-weighted mean: total / weight
        ("spread_weight", "f8"),
        ("recent_spread", "f8"),  # likewise, over seconds
        ("wide_seen", "i8"),
        # screen, per channel
        ("window", "f8", (3, WINDOW)),  # ring of accepted prices
        ("ordered", "f8", (3, WINDOW)),  # the same, ascending
        ("accepted", "i8", (3,)),
        ("accepted_at", "i8", (3,)),
        ("suspect", "f8", (3,)),  # last price refused
        ("suspects", "i8", (3,)),  # refused in a row, agreeing with each other
        ("suspect_at", "i8", (3,)),  # event time of the first of them
        ("bad_share", "f8"),
        ("bad_seen", "i8"),
        # bars
        ("basis", "i8"),  # whether bars are of trades or of mids
        ("bar", "i8"),  # number of the open bar
        ("bar_price", "f8"),  # nan: none yet
        ("close", "f8"),  # of the last bar with a price
        ("close_bar", "i8"),
        ("bar_notional", "f8"),
        ("bar_signed", "f8"),
        ("bar_imbalance", "f8"),
        ("day_bar", "u4", (DAY_BARS,)),
        ("day_return", "f8", (DAY_BARS,)),
        ("bars", "i8"),
        ("flow_bar", "u4", (FLOW_BARS,)),
        ("flow_move", "f8", (FLOW_BARS,)),
        ("flow_notional", "f8", (FLOW_BARS,)),
        ("flow_signed", "f8", (FLOW_BARS,)),
        ("flow_imbalance", "f8", (FLOW_BARS,)),
        ("flows", "i8"),
        # volatility and tail
        ("ewma_total", "f8"),
        ("ewma_weight", "f8"),
        ("local", "f8", (LOCAL_BARS,)),
        ("local_volatility", "f8"),
        ("residual", "f8", (SIMULATED,)),
        ("residuals", "i8"),
        ("tail", "f8", (2, 3)),  # value at risk, expected shortfall of the residuals, per level
        ("exceeded", "i1", (BACKTEST_BARS,)),
        ("judged", "i8"),
        # limits
        ("peak", "f8"),
        ("level", "i8"),  # multiples of the drawdown limit already seen
        ("jump_bar", "i8"),
        ("jump_score", "f8"),  # of the jump noted in that bar
        ("told_at", "i8", (3,)),
        ("told_ratio", "f8", (3,)),
        # feed
        ("sequence", "i8"),  # newest number of a trade; 0: none yet
        ("sequence_seen", "u8"),  # which of the 64 numbers at and below it came
        ("gap_until", "i8"),  # event time until which a gap is felt in the figures
        ("repeat_share", "f8"),
        ("repeat_seen", "i8"),
        ("crossed_at", "i8"),  # event time since which every quote was crossed; 0: the last one was not
        ("crossed_seen", "i8"),
        ("skew", "f8"),  # mean of event time less record timestamp, ms
        ("skews", "i8"),
        ("skew_seen", "i8"),
    ]
)

_ABSENT = (
    "last",
    "effective_spread",
    "bid",
    "ask",
    "mid",
    "spread",
    "recent_spread",
    "bar_price",
    "close",
    "local_volatility",
    "tail",
)
_NEVER = ("last_offset", "bar", "close_bar", "jump_bar")
LONG_AGO = -(2**62)


def blank_rows(count: int) -> Rows:
    """Make rows that have seen nothing."""
    rows = np.zeros(count, ROW)
    for name in _ABSENT:
        rows[name] = np.nan
    for name in _NEVER:
        rows[name] = NONE
    rows["told_at"] = LONG_AGO
    return rows
