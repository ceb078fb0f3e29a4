"""The forward pass of the autoencoder in one compiled kernel: rows in, surprises of the judged features out.

Up to 64 rows go through the network side by side, one in each lane, so every operation works on full vectors while
each row's own sums keep one fixed order. Only operations that IEEE 754 rounds exactly are used (the activation is
softsign, ``x / (1 + |x|)``) and none are fused, so a row's score has the same bits in any batch, in any lane.
"""

import numpy as np

from models.compiled import kernel
from models.dataset import Ints
from models.detector import Matrix, Vector
from models.scaling import Floats32, scale_row
from models.surprise import nats_of

_LANES = 64  # enough to pay for the loop around them, few enough to stay in the first cache


@kernel
def _dense(above: Floats32, below: Floats32, weights: Floats32, start: int, wide: int, tall: int, rows: int) -> int:
    """One layer for ``rows`` lanes: ``below (tall, lanes) = kernelᵀ · above (wide, lanes) + bias``.

    start  where the layer's kernel begins in ``weights``; -> where the next one does
    """
    bias = start + wide * tall
    fours = wide - wide % 4
    for o in range(tall):
        for lane in range(rows):
            below[o, lane] = weights[bias + o]
        for i in range(0, fours, 4):  # four inputs a turn, added one after another: one load and store for four
            at = start + i * tall + o
            a, b, c, d = weights[at], weights[at + tall], weights[at + 2 * tall], weights[at + 3 * tall]
            for lane in range(rows):
                two = below[o, lane] + a * above[i, lane] + b * above[i + 1, lane]
                below[o, lane] = two + c * above[i + 2, lane] + d * above[i + 3, lane]
        for i in range(fours, wide):
            weight = weights[start + i * tall + o]
            for lane in range(rows):
                below[o, lane] += weight * above[i, lane]
    return bias + tall


@kernel
def _softsign(values: Floats32, tall: int, rows: int) -> None:
    one = np.float32(1.0)
    for o in range(tall):
        for lane in range(rows):
            values[o, lane] = values[o, lane] / (one + np.abs(values[o, lane]))


@kernel
def residual_parts(
    x: Matrix,
    root: Floats32,
    center: Floats32,
    inverse: Floats32,
    clip: float,
    history: Ints,
    least: float,
    sizes: Ints,
    weights: Floats32,
    judged: Ints,
    surprise_size: Matrix,
    surprise_nats: Matrix,
    score: Vector,
    parts: Matrix,
) -> None:
    """Score rows by ``Σ_j nats_j(|z_j - ẑ_j|)`` over judged features, z the scaled row, ẑ what the network makes of it.

    x            (n, d)    features, nan = no history
    root … least           as in ``models.scaling``
    sizes        (l + 1,)  units per layer, first d and last m
    weights                flat, per layer the kernel (in, out) row by row, then the bias
    judged       (m,)      which features the last layer rebuilds
    surprise_…   (m, k)    tables, see ``models.surprise``
    score        (n,)      filled
    parts        (n, d)    filled with each feature's part; (0, 0): not wanted
    """
    n, d = x.shape
    width = sizes.max()
    row = np.empty(d, np.float32)
    inputs = np.empty((d, _LANES), np.float32)
    one = np.empty((width, _LANES), np.float32)
    other = np.empty((width, _LANES), np.float32)
    for first in range(0, n, _LANES):
        rows = min(_LANES, n - first)
        for lane in range(rows):
            scale_row(x[first + lane], root, center, inverse, clip, history, least, row)
            inputs[:, lane] = row
        above, below, start = inputs, one, 0
        for layer in range(sizes.size - 1):
            start = _dense(above, below, weights, start, sizes[layer], sizes[layer + 1], rows)
            if layer < sizes.size - 2:
                _softsign(below, sizes[layer + 1], rows)
            above = below
            below = other if layer % 2 == 0 else one
        for lane in range(rows):
            total = 0.0
            if parts.size:
                parts[first + lane, :] = 0.0
            for j in range(judged.size):
                residual = np.float64(inputs[judged[j], lane] - above[j, lane])
                part = nats_of(np.abs(residual), surprise_size[j], surprise_nats[j])
                total += part
                if parts.size:
                    parts[first + lane, judged[j]] = part
            score[first + lane] = total
