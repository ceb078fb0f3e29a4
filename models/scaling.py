"""Scaling: features to numbers around zero, by medians and quartiles; nan and thin history at the centre, tails cut.

Only operations that IEEE 754 rounds exactly (no logarithm), so a row is scaled to the same bits on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel
from models.dataset import Ints
from models.detector import Matrix

Floats32 = NDArray[np.float32]
_SKEWED = ("_count_", "_sum_", "distinct_", "seconds_")  # their signed square root is what is scaled
_VOUCHED = dict.fromkeys(("amount_ratio", "amount_robust_z", "amount_to_median_30d"), "customer_count_30d")
LEAST_HISTORY = 10.0  # payments behind a customer's median before a distance from it says anything
_ROW_SAMPLE = 500_000  # rows that quantiles are taken over, evenly spaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Parameters per feature, ``(d,)`` each, float32.

    root     1 where the signed square root is taken first, else 0
    center   median, after the root
    inverse  1 / scale
    clip     > 0, scaled values stay within ± clip
    history  int64, the column that counts the payments behind a feature; below ``least`` of them it is as nan. -1: none
    """

    root: Floats32
    center: Floats32
    inverse: Floats32
    clip: float
    history: Ints
    least: float


@kernel
def scale_row(
    row: Matrix,
    root: Floats32,
    center: Floats32,
    inverse: Floats32,
    clip: float,
    history: Ints,
    least: float,
    out: Floats32,
) -> None:
    """Scale one row ``(d,)`` into ``out (d,)``: nan → 0 (the median), anything else within ± clip."""
    zero, bound = np.float32(0.0), np.float32(clip)
    for j in range(row.size):
        value = np.float32(row[j])
        size = np.sqrt(np.abs(value))
        rooted = -size if value < zero else size
        z = ((rooted if root[j] > zero else value) - center[j]) * inverse[j]
        thin = history[j] >= 0 and row[history[j]] < least
        out[j] = zero if thin or z != z else min(max(z, -bound), bound)  # noqa: PLR0124  # only nan differs from itself


@kernel
def _scale_rows(
    x: Matrix,
    root: Floats32,
    center: Floats32,
    inverse: Floats32,
    clip: float,
    history: Ints,
    least: float,
    out: Floats32,
) -> None:
    for i in range(x.shape[0]):
        scale_row(x[i], root, center, inverse, clip, history, least, out[i])


def scale_rows(x: Matrix, scaling: Scaling) -> Floats32:
    """Scale ``x (n, d) → (n, d)``: exactly what the serving kernel feeds the network."""
    out = np.empty(x.shape, np.float32)
    _scale_rows(x, *columns_of(scaling), out)
    return out


def columns_of(scaling: Scaling) -> tuple[Floats32, Floats32, Floats32, float, Ints, float]:
    """Take the parameters in the order of :func:`scale_row`."""
    return scaling.root, scaling.center, scaling.inverse, scaling.clip, scaling.history, scaling.least


def history_of(features: Sequence[str]) -> Ints:
    """Find for each feature the column that counts the payments behind it, -1 where none does."""
    places = {name: j for j, name in enumerate(features)}
    return np.array([places.get(_VOUCHED.get(name, ""), -1) for name in features], np.int64)


def fit_scaling(x: Matrix, features: Sequence[str], *, clip: float = 10.0) -> Scaling:
    """Learn medians and scales: interquartile range / 1.349, or the deviation where that range is degenerate.

    x         (n, d) training rows, nan allowed
    features  d names: counts, sums and durations are skewed and go through a square root
    clip      > 0, in scales
    -> ``Scaling``; a feature without spread gets scale 1
    """
    sample = x[:: max(1, len(x) // _ROW_SAMPLE)].copy()
    history = history_of(features)
    for place in np.flatnonzero(history >= 0):
        sample[sample[:, history[place]] < LEAST_HISTORY, place] = np.nan
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
        clip=clip,
        history=history,
        least=LEAST_HISTORY,
    )
