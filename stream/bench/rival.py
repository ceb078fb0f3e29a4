"""The customer features once more, in plain Python and one payment at a time: what the rival computes.

An independent implementation of ``stream.core.names.CUSTOMER_FEATURES``, as one would write it into a Faust table.
"""

import datetime as dt
import math
from bisect import bisect_left
from statistics import median
from typing import TypeAlias

from stream.core.names import WINDOWS

History: TypeAlias = tuple[list[int], list[int], list[str]]  # times (epoch ms, ascending), amounts (cents), terminals
_LONGEST = max(WINDOWS.values())


def features(history: History, at: int, amount: int) -> list[float]:
    """Compute a payment's features from what its customer did before ``at``, in the order of the names."""
    times, amounts, terminals = history
    now = bisect_left(times, at)
    counts, sums, means, deviations = [], [], [], []
    for window in WINDOWS.values():
        seen = amounts[bisect_left(times, at - window) : now]
        n, total = len(seen), sum(seen) / 100
        mean = total / n if n else math.nan
        counts.append(float(n))
        sums.append(total)
        means.append(mean)
        deviations.append(math.sqrt(sum((a / 100 - mean) ** 2 for a in seen) / (n - 1)) if n > 1 else math.nan)
    begin = bisect_left(times, at - _LONGEST)
    value = amount / 100
    return [
        value,
        *counts,
        *sums,
        *means,
        *deviations,
        value / means[-1] if means[-1] else math.nan,
        _robust_z(amount, amounts[begin:now]),
        (at - times[now - 1]) / 1000 if now > begin else math.nan,
        float(len(set(terminals[begin:now]))),
        *_clock(at),
    ]


def remember(history: History, at: int, amount: int, terminal: str) -> History:
    """Put a payment into its place, and forget what no window reaches any more."""
    times, amounts, terminals = history
    place = bisect_left(times, at)
    times.insert(place, at)
    amounts.insert(place, amount)
    terminals.insert(place, terminal)
    old = bisect_left(times, times[-1] - _LONGEST - 3_600_000)  # an hour of lateness
    return times[old:], amounts[old:], terminals[old:]


def _robust_z(amount: int, seen: list[int]) -> float:
    if not seen:
        return math.nan
    middle = median(seen)
    spread = 1.4826 * median([abs(a - middle) for a in seen])
    return (amount - middle) / max(spread, 0.01 * middle, 1.0)


def _clock(at: int) -> tuple[float, float, float, float]:
    moment = dt.datetime.fromtimestamp(at / 1000, dt.UTC)
    day = math.tau * (at % 86_400_000) / 86_400_000
    week = math.tau * moment.weekday() / 7
    return math.sin(day), math.cos(day), math.sin(week), math.cos(week)
