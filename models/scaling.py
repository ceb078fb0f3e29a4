"""Scaling: features to numbers around zero, by medians and quartiles, with nan at the centre and tails cut.

Only operations that IEEE 754 rounds exactly (no logarithm), so a row is scaled to the same bits on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.detector import Matrix

Floats32 = NDArray[np.float32]
_SKEWED = ("_count_", "_sum_", "distinct_", "seconds_")  # their signed square root is what is scaled
_ROW_SAMPLE = 500_000  # rows that quantiles are taken over, evenly spaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Parameters per feature, ``(d,)`` float32 each.

    root     1 where the signed square root is taken first, else 0
    center   median, after the root
    inverse  1 / scale
    clip     > 0, scaled values stay within ± clip
    """

    root: Floats32
    center: Floats32
    inverse: Floats32
    clip: np.float32


@njit(cache=True, inline="always")
def scaled(
    value: np.float32, root: np.float32, center: np.float32, inverse: np.float32, clip: np.float32
) -> np.float32:
    """Scale one value: nan → 0 (the median), anything else within ± clip."""
    size = np.sqrt(np.abs(value))
    rooted = -size if value < 0 else size
    z = ((rooted if root > 0 else value) - center) * inverse
    z = np.float32(0.0) if z != z else z  # noqa: PLR0124  # nan is what differs from itself
    return min(max(z, -clip), clip)


@njit(cache=True)
def _scale_rows(
    x: Matrix, root: Floats32, center: Floats32, inverse: Floats32, clip: np.float32, out: Floats32
) -> None:
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = scaled(np.float32(x[i, j]), root[j], center[j], inverse[j], clip)


def scale_rows(x: Matrix, scaling: Scaling) -> Floats32:
    """Scale ``x (n, d) → (n, d)``: exactly what the serving kernel feeds the network."""
    out = np.empty(x.shape, np.float32)
    _scale_rows(x, scaling.root, scaling.center, scaling.inverse, scaling.clip, out)
    return out


def fit_scaling(x: Matrix, features: Sequence[str], *, clip: float = 10.0) -> Scaling:
    """Learn medians and scales: interquartile range / 1.349, or the deviation where that range is degenerate.

    x         (n, d) training rows, nan allowed
    features  d names: counts, sums and durations are skewed and go through a square root
    clip      > 0, in scales
    -> ``Scaling``; a feature without spread gets scale 1
    """
    sample = x[:: max(1, len(x) // _ROW_SAMPLE)].copy()
    root = np.array([any(part in name for part in _SKEWED) for name in features])
    sample[:, root] = np.sign(sample[:, root]) * np.sqrt(np.abs(sample[:, root]))
    center, scale = np.zeros(len(features)), np.ones(len(features))
    for j in range(len(features)):
        seen = sample[:, j][~np.isnan(sample[:, j])]
        if len(seen):
            low, center[j], high = np.quantile(seen, (0.25, 0.5, 0.75))
            deviation = float(seen.std())
            quartiles = (high - low) / 1.349
            chosen = quartiles if quartiles >= 0.2 * deviation else deviation
            scale[j] = chosen if chosen > 0 else 1.0
    return Scaling(
        root=root.astype(np.float32),
        center=center.astype(np.float32),
        inverse=(1.0 / scale).astype(np.float32),
        clip=np.float32(clip),
    )
