"""Which payments of a record of ``scores`` a detector would alert on: what the worker found, read back."""

import numpy as np
from numpy.typing import NDArray

from stream.wire.events import Scores

Flags = NDArray[np.bool_]


def flagged(scores: Scores, detector: str) -> Flags:
    """Tell which payments are at their limit, ``(n,)``: at the threshold, and not spared by a limit of their own."""
    found: Flags = np.array(scores.detectors[detector], np.float64) >= scores.thresholds[detector]  # null is not
    found[scores.spared.get(detector, [])] = False
    return found
