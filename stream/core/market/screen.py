"""The screen: a price that stands apart from those just accepted is refused, until others confirm the new level.

After Brownlees & Gallo (2006), made causal and robust: the centre is the median of the last 32 accepted prices of the
channel (trades, bids, asks), the scale is their interquartile range, and a floor keeps a quiet tape from refusing
the next tick. A true jump passes with the third price in a row that agrees with it, at the second distinct
millisecond, so one bad print and its repeats within a millisecond never do. Nor do trades at a level that the standing
quotes contradict, however many: late reports and trades at a reference price come in runs.
"""

import math

from models.compiled import kernel
from stream.core.market.row import TRADES, WINDOW, Row
from stream.wire.columns import Floats

_SCALES = 6.0  # robust deviations
_NORMAL_QUARTILES = 1.349  # interquartile range of a standard normal
_FLOOR = 0.0015  # of the price: 15 basis points
_YOUNG_FLOOR = 0.05  # while fewer than _YOUNG prices are known
_YOUNG = 8
_SPREADS_TRADE = 3.0  # usual spreads a trade may stand off
_SPREADS_QUOTE = 25.0  # usual spreads a side may stand off, for liquidity may go without the quote being wrong,
_SPREADS_CAP = 0.01  # up to this share of the price; beyond, only as many spreads as a trade
_CONFIRM = 3


@kernel
def passes(row: Row, channel: int, price: float, at: int, market: tuple[float, float], quiet_ms: int) -> bool:
    """Judge a price; remembers a suspect, does not yet remember a good one (see ``accept``).

    row       changed in place
    channel   TRADES, BIDS or ASKS
    price     > 0, finite
    at        event time, ms
    market    usual spread, relative; the mid that a new level must not contradict; each nan where unknown
    quiet_ms  after so long without an accepted price the window starts anew
    -> True: accept it
    """
    if at - row["accepted_at"][channel] > quiet_ms:
        row["accepted"][channel] = 0
        row["suspects"][channel] = 0
    known = min(row["accepted"][channel], WINDOW)
    if known == 0:
        return True
    usual_spread, mid = market
    width = _tolerance(row["ordered"][channel], known, channel, usual_spread)
    if abs(price - row["ordered"][channel][known // 2]) <= width:
        return True
    if row["suspects"][channel] > 0 and abs(price - row["suspect"][channel]) <= width:
        row["suspects"][channel] += 1
    else:
        row["suspects"][channel] = 1
        row["suspect_at"][channel] = at
    row["suspect"][channel] = price
    if row["suspects"][channel] < _CONFIRM or at == row["suspect_at"][channel] or abs(price - mid) > width:
        return False
    row["accepted"][channel] = 0  # the level has moved: the old window says nothing about it
    return True


@kernel
def accept(row: Row, channel: int, price: float, at: int) -> None:
    """Remember an accepted price."""
    count = row["accepted"][channel]
    ordered = row["ordered"][channel]
    slot = count % WINDOW
    known = min(count, WINDOW)
    if known == WINDOW:
        _remove(ordered, row["window"][channel][slot])
        known -= 1
    i = known
    while i > 0 and ordered[i - 1] > price:
        ordered[i] = ordered[i - 1]
        i -= 1
    ordered[i] = price
    row["window"][channel][slot] = price
    row["accepted"][channel] = count + 1
    row["accepted_at"][channel] = at
    row["suspects"][channel] = 0


@kernel
def _tolerance(ordered: Floats, known: int, channel: int, usual_spread: float) -> float:
    centre = ordered[known // 2]
    if known < _YOUNG:
        return _YOUNG_FLOOR * centre
    scale = (ordered[(3 * known) // 4] - ordered[known // 4]) / _NORMAL_QUARTILES
    width = max(_SCALES * scale, _FLOOR * centre)
    if not math.isnan(usual_spread):
        width = max(width, _SPREADS_TRADE * usual_spread * centre)
        if channel != TRADES:
            width = max(width, min(_SPREADS_QUOTE * usual_spread, _SPREADS_CAP) * centre)
    return width


@kernel
def _remove(ordered: Floats, price: float) -> None:
    i = 0
    while ordered[i] != price:
        i += 1
    while i < WINDOW - 1:
        ordered[i] = ordered[i + 1]
        i += 1
