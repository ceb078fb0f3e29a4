"""Figures of integers that carry no error but that of their last rounding, whatever the amounts.

Sums stay integers (128 bits in two parts where need be), so they depend neither on order nor on batches.
"""

import math

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel

MASK = 0xFFFFFFFF


@kernel
def sample_deviation(count: int, total: int, high: int, low: int) -> float:
    """Sample standard deviation (ddof 1) from exact sums; nan below two values.

    count      0 … 2**16
    total      sum of the values, each 0 … 2**31 - 1
    high, low  sums of the upper and the lower 32 bits of the squared values
    -> unit of the values
    """
    if count < 2:
        return math.nan
    # count * sum(x²) - total² in base 2**32: upper * 2**32 + lower, all of it exact
    high += low >> 32
    low &= MASK
    a, b = total >> 32, total & MASK
    square = np.uint64(b) * np.uint64(b)
    upper = count * high - 2 * a * b - np.int64(square >> np.uint64(32)) - ((a * a) << 32)
    lower = count * low - np.int64(square & np.uint64(MASK))
    upper += lower >> 32
    lower &= MASK
    return math.sqrt((upper * 4294967296.0 + lower) / (count * (count - 1.0)))


@kernel
def twice_median(values: NDArray[np.uint32]) -> np.int64:
    """Sum of the two middle values ``(n ≥ 1,)`` (twice the one in the middle where n is odd): twice the median.

    Bisects on the value: each step counts, which the processor does eight at a time and without a branch.
    """
    low, high = np.uint32(MASK), np.uint32(0)
    for i in range(values.size):
        low = min(low, values[i])
        high = max(high, values[i])
    odd = values.size % 2
    rank = (values.size + odd) // 2  # of the lower middle, from 1
    below = np.int64(low)  # the lower middle is in below … above
    above = np.int64(high)
    while below < above:
        middle = np.uint32((below + above) // 2)
        count = _count_to(values, middle)
        if count == rank or (odd and count == rank - 1):
            left, right = _neighbours(values, middle)
            if odd:
                return 2 * (left if count == rank else right)
            return left + right
        if count >= rank:
            above = np.int64(middle)
        else:
            below = np.int64(middle) + 1
    return 2 * below  # a value that occurs so often that it is both middles


@kernel
def _count_to(values: NDArray[np.uint32], most: np.uint32) -> np.int64:
    count = np.uint32(0)
    for i in range(values.size):
        count = np.uint32(count + np.uint32(values[i] <= most))  # stays 32 bits wide: twice the lanes
    return np.int64(count)


@kernel
def _neighbours(values: NDArray[np.uint32], middle: np.uint32) -> tuple[np.int64, np.int64]:
    """Return the largest value up to ``middle`` and the smallest above it."""
    left, right = np.uint32(0), np.uint32(MASK)
    for i in range(values.size):
        value = values[i]
        left = max(left, value if value <= middle else np.uint32(0))
        right = min(right, value if value > middle else np.uint32(MASK))
    return np.int64(left), np.int64(right)
