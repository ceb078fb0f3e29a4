"""Rings: bounded memory of the last values, read oldest first or as far back as a window reaches."""

import numpy as np
from numpy.typing import NDArray

from models.risk.compiled import kernel
from stream.core.columns import Floats

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
    """Copy the last ``wanted`` entries, oldest first."""
    return in_order(ring, count)[min(count, ring.size) - wanted :]


@kernel
def bars_since(bar: NDArray[np.uint32], count: int, bar_ms: int, start: int) -> int:
    """Count the entries whose bar ended after ``start``.

    bar     (size,) ring of bar numbers, rising
    count   >= 0    entries ever written
    bar_ms  length of a bar; bar ``b`` ends at ``(b + 1) · bar_ms``
    start   event time, ms, itself outside
    -> entries, or UNKNOWN where some that were forgotten may belong
    """
    held = min(count, bar.size)
    found = 0
    while found < held and (np.int64(bar[(count - 1 - found) % bar.size]) + 1) * bar_ms > start:
        found += 1
    return UNKNOWN if found == bar.size and count > bar.size else found
