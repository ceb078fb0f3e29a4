"""Breaches: figures past their limits, each noted once per episode and told unless a cooldown holds it back."""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel
from models.risk.drawdown import drawdown
from models.risk.returns import simple_return
from stream.core.market.codes import BURST, DRAWDOWN, HELD, JUMP, KIND_OF, LOSS, SILENT, SPREAD, TOLD
from stream.core.market.figures import FIGURES
from stream.core.market.limits import Limits
from stream.core.market.row import BACKTEST_BARS, Row
from stream.core.market.usual import move_volatility, usual_spread

NOTE = np.dtype(
    [
        ("tick", "i8"),  # place in the batch
        ("row", "i8"),
        ("at", "i8"),  # event time
        ("span", "i8"),  # ms of bars from the last close to the open bar's
        ("cause", "i8"),
        ("told", "i8"),
        ("score", "f8"),
        ("threshold", "f8"),
        ("value", "f8"),  # what happened: signed return, drawdown, relative spread, silence, share
        ("usual", "f8"),
        ("untrusted", "i8"),  # bits of ``feed.UNTRUSTED``
        ("figures", "f8", (len(FIGURES),)),
    ]
)
Notes: TypeAlias = "NDArray[np.void]"
PER_TICK = 8  # notes one tick can cause, at most

_MIN_RETURNS = 30  # before a move is judged
_WORSE = 2.0  # an alert so many times as bad as the one told passes its cooldown
_SPREADS = 3.0  # usual spreads that a jump must exceed where there are quotes
_SPREAD_KNOWN = 0.15  # weight of the time-weighted mean after about five minutes of quotes
_BURST_SHARE = 0.25
_BURST_OVER = 0.05
_SCREENED = 64  # ticks that the share of refused ones remembers


@kernel
def judge_move(row: Row, limits: Limits, notes: Notes, count: int, price: float) -> int:
    """Hold a price against its peak and the move since the last close against what is usual.

    Drawdown is noted at each multiple of the limit, anew once half of the limit is regained. A jump is a move of at
    least ``jump_sigmas`` local deviations (Lee & Mykland 2008, judged at the tick instead of at the end of the bar) and
    of three usual spreads; once per bar, and again where it doubles.
    """
    row["peak"] = max(row["peak"], price)
    loss = drawdown(row["peak"], price)
    level = int(loss / limits.max_drawdown)
    if level > row["level"]:
        row["level"] = level
        measured = (loss, limits.max_drawdown)
        count = note(row, limits, notes, count, DRAWDOWN, row["newest_at"], measured, loss, limits.max_drawdown)
    elif loss < 0.5 * limits.max_drawdown:
        row["level"] = 0
    return count if row["bars"] < _MIN_RETURNS else _judge_jump(row, limits, notes, count, price)


@kernel
def _judge_jump(row: Row, limits: Limits, notes: Notes, count: int, price: float) -> int:
    move = simple_return(row["close"], price)
    usual = move_volatility(row)
    if not usual > 0.0 or abs(move) < limits.jump_sigmas * usual or abs(move) < _SPREADS * usual_spread(row):
        return count
    score = abs(move) / usual
    if row["jump_bar"] == row["bar"] and score < _WORSE * row["jump_score"]:
        return count
    row["jump_bar"] = row["bar"]
    row["jump_score"] = score
    return note(row, limits, notes, count, JUMP, row["newest_at"], (score, limits.jump_sigmas), move, usual)


@kernel
def judge_loss(row: Row, limits: Limits, notes: Notes, count: int, value: float, value_at_risk: float) -> int:
    """Hold a closed bar's return against the 99 % value at risk that was known before it.

    Every exceedance is noted; one is told from ``loss_factor`` times the value at risk, because one bar in a hundred
    exceeds it on the quietest day.
    """
    if math.isnan(value_at_risk) or value_at_risk <= 0.0:
        return count
    exceeded = -value > value_at_risk
    row["exceeded"][row["judged"] % BACKTEST_BARS] = exceeded
    row["judged"] += 1
    if not exceeded:
        return count
    measured = (-value, limits.loss_factor * value_at_risk)
    return note(row, limits, notes, count, LOSS, row["newest_at"], measured, value, value_at_risk)


@kernel
def judge_spread(row: Row, limits: Limits, notes: Notes, count: int, at: int) -> int:
    """Note when the mean spread of the last seconds is ``spread_factor`` times its usual; anew once it halved again."""
    usual = usual_spread(row)
    if not usual > 0.0 or row["spread_weight"] < _SPREAD_KNOWN:
        return count
    recent = row["recent_spread"] / usual
    if recent < 0.5 * limits.spread_factor:
        row["wide_seen"] = 0
    if row["wide_seen"] or not recent >= limits.spread_factor:
        return count
    row["wide_seen"] = 1
    spread = max(row["spread"], row["recent_spread"])
    return note(row, limits, notes, count, SPREAD, at, (spread / usual, limits.spread_factor), spread, usual)


@kernel
def judge_screening(row: Row, limits: Limits, notes: Notes, count: int, refused: bool) -> int:
    """Note when a quarter of about the last 64 ticks was refused; anew once nearly none was."""
    row["bad_share"] += ((1.0 if refused else 0.0) - row["bad_share"]) / _SCREENED
    if row["bad_share"] < _BURST_OVER:
        row["bad_seen"] = 0
    if row["bad_seen"] or row["ticks"] < _SCREENED or row["bad_share"] < _BURST_SHARE:
        return count
    row["bad_seen"] = 1
    share = row["bad_share"]
    return note(row, limits, notes, count, BURST, row["newest_at"], (share, _BURST_SHARE), share, 0.0)


@kernel
def note(
    row: Row,
    limits: Limits,
    notes: Notes,
    count: int,
    cause: int,
    at: int,
    measured: tuple[float, float],
    value: float,
    usual: float,
) -> int:
    """Write one note, ``measured`` being score and threshold, and decide whether it is told; the next count."""
    kind = KIND_OF[cause]
    score, threshold = measured
    ratio = score / threshold
    entry = notes[count]
    entry["cause"] = cause
    entry["score"] = score
    entry["threshold"] = threshold
    entry["value"] = value
    entry["usual"] = usual
    if ratio < 1.0:
        entry["told"] = SILENT
    elif at - row["told_at"][kind] >= limits.cooldown_ms or ratio >= _WORSE * row["told_ratio"][kind]:
        entry["told"] = TOLD
        row["told_at"][kind] = at
        row["told_ratio"][kind] = ratio
    else:
        entry["told"] = HELD
    return count + 1
