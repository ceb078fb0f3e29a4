"""A trend: the slope of samples over time and its standard error, so that "flat" is a figure and not a word."""

from collections.abc import Sequence

import msgspec
import numpy as np

_GROUPS = 30  # means that a line is fitted to


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """A straight line through samples.

    first, last    of the line, in the samples' unit
    per_hour       slope, in the samples' unit per hour
    error          standard error of the slope, likewise
    """

    first: float
    last: float
    per_hour: float
    error: float


def trend_of(seconds: Sequence[float], values: Sequence[float]) -> Trend:
    """Fit a line by least squares.

    seconds, values  (n,) n >= 4, in order of time

    Neighbouring samples resemble each other, which would make the error look smaller than it is: the line is fitted to
    the means of at most 30 equal parts, which hardly do.
    """
    assert len(seconds) == len(values) >= 4, f"expected four samples at least, there are {len(seconds)}"
    parts = np.array_split(np.arange(len(seconds)), min(_GROUPS, len(seconds)))
    x = np.array([np.mean(np.asarray(seconds)[part]) for part in parts]) / 3600.0
    y = np.array([np.mean(np.asarray(values)[part]) for part in parts])
    centred = x - x.mean()
    spread = float(centred @ centred)
    slope = float(centred @ y) / spread
    left = y - y.mean() - slope * centred
    error = float(np.sqrt(left @ left / (x.size - 2) / spread))
    at = [y.mean() + slope * (end - x.mean()) for end in (x[0], x[-1])]
    return Trend(first=float(at[0]), last=float(at[1]), per_hour=slope, error=error)
