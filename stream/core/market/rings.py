"""Rings: bounded memory of the last values, read oldest first or as far back as a window reaches."""

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel
from stream.wire.columns import Floats

UNKNOWN = -1


@kernel
def in_order(ring: Floats, count: int) -> Floats:
    """Copy a ring into time order.

    ring   (size,) slot ``i % size`` holds entry ``i``
    count  >= 0    entries ever written
    -> (min(count, size),) oldest first
    """
    size = ring.size
    if count <= size:
        return ring[:count].copy()
    head = count % size
    return np.concatenate((ring[head:], ring[:head]))


@kernel
def newest(ring: Floats, count: int, wanted: int) -> Floats:
    """Copy the last ``wanted`` entries, at most those held, oldest first."""
    out = np.empty(wanted)
    slot = (count - wanted) % ring.size
    for i in range(wanted):
        out[i] = ring[slot]
        slot = slot + 1 if slot + 1 < ring.size else 0
    return out


@kernel
def bars_since(bar: NDArray[np.uint32], count: int, bar_ms: int, start: int) -> int:
    """Count the entries whose bar ended after ``start``, by bisection.

    bar     (size,) ring of bar numbers, rising
    count   >= 0    entries ever written
    bar_ms  length of a bar; bar ``b`` ends at ``(b + 1) · bar_ms``
    start   event time, ms, itself outside
    -> entries, or UNKNOWN where some that were forgotten may belong
    """
    held = min(count, bar.size)
    first = count - held  # entry numbers: the oldest held,
    low, high = first, count  # and the bounds of the first that ended after ``start``
    while low < high:
        middle = (low + high) // 2
        if (np.int64(bar[middle % bar.size]) + 1) * bar_ms > start:
            high = middle
        else:
            low = middle + 1
    return UNKNOWN if low == first > 0 else count - low
