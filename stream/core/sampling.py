"""Which payments' features are told beside their scores: one in sixteen, by offset, so that drift can be seen outside.

The same payments are chosen live and in a replay. They travel as float32 in base64, which costs a tenth of numbers in
text: some .02 µs a payment of the stream.
"""

import hashlib

import numpy as np

from stream.core.names import FEATURES
from stream.wire.columns import Ints, Matrix
from stream.wire.events import Scores

EVERY = 16
LAYOUT = hashlib.sha256(",".join(FEATURES).encode()).hexdigest()[:8]  # names the features and their order


def chosen(offset: Ints) -> Ints:
    """Places of the payments to be told, ascending.

    offset  (n,) on ``transactions``
    """
    return np.flatnonzero(offset % EVERY == 0)


def pack_features(x: Matrix) -> bytes:
    """Write rows ``(k, FEATURES)`` as little-endian float32, row by row."""
    return x.astype("<f4").tobytes()


def unpack_features(scores: Scores) -> Matrix | None:
    """Read the rows back, ``(k, FEATURES)``; None where they are of a release with other features."""
    if scores.layout != LAYOUT or len(scores.features) != 4 * len(FEATURES) * len(scores.sample):
        return None
    return np.frombuffer(scores.features, "<f4").reshape(-1, len(FEATURES)).astype(np.float64)
