"""Boosted trees as arrays: sums of leaves, and exact Shapley values of them, in compiled kernels.

A row goes left where its value, as a float of 32 bits, is below the split; nan goes where the split says. For scoring,
each tree is filled up to its full depth and all rows of a block are asked every split, which takes no branch to be
guessed and which the compiler turns into vectors: four times as fast as a walk from node to node.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel
from models.detector import Matrix, Vector
from models.scaling import Floats32
from stream.errors import ModelError

Ints32 = NDArray[np.int32]
MAX_DEPTH = 6  # a full tree has 64 leaves, and contributions of up to 200 kB
_ROWS = 64  # scored together: their values stay in the nearest cache
_VECTOR = 16  # floats in the widest register
_LEAF = -1
ARRAYS = ("roots", "feature", "split", "left", "right", "missing", "cover")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """All nodes of all trees one after another; a child stands behind its parent.

    roots    (t,) place of each tree's root
    feature  (k,) column that a node splits on; -1 a leaf
    split    (k,) value of a split, or of a leaf
    left     (k,) place of the child below the split; the other one is ``right``
    missing  (k,) place of the child where nan goes
    cover    (k,) weight of the training rows that came by, > 0
    Raises ModelError where the arrays are no such trees.
    """

    roots: Ints32
    feature: Ints32
    split: Floats32
    left: Ints32
    right: Ints32
    missing: Ints32
    cover: Floats32
    _full: tuple[Ints32, Floats32, Matrix] = field(init=False, repr=False)
    _games: tuple[Ints32, Ints32, Ints32, NDArray[np.int64], Vector] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        k = len(self.feature)
        columns = (self.split, self.left, self.right, self.missing, self.cover)
        inner = self.feature != _LEAF
        children = np.concatenate([column[inner] for column in (self.left, self.right)])
        sound = (
            all(len(column) == k for column in columns)
            and len(self.roots) > 0
            and ((self.roots >= 0) & (self.roots < k)).all()
            and (children > np.tile(np.flatnonzero(inner), 2)).all()
            and (children < k).all()
            and (self.feature >= _LEAF).all()
            and ((self.missing == self.left) | (self.missing == self.right))[inner].all()
            and (self.cover > 0).all()
            and np.isfinite(self.split).all()
        )
        if not sound or _depth(self.feature, self.left, self.right) > MAX_DEPTH:
            raise ModelError(f"trees: expected nodes with children behind them, up to depth {MAX_DEPTH}, was none")
        object.__setattr__(self, "_full", self._filled_up())
        object.__setattr__(self, "_games", self._played())

    @property
    def arrays(self) -> tuple[Ints32, Ints32, Floats32, Ints32, Ints32, Ints32, Floats32]:
        """All arrays in the order that the kernels take them."""
        return self.roots, self.feature, self.split, self.left, self.right, self.missing, self.cover

    def margin(self, x: Matrix) -> Vector:
        """Sum of the leaves that each row ``(n, d)`` reaches, ``(n,)``."""
        out = np.empty(len(x))
        with np.errstate(over="ignore"):  # beyond 32 bits a value is infinite, and above every split
            columns = np.ascontiguousarray(x.T, np.float32)
        _margins(columns, *self._full, out)
        return out

    def shapley(self, x: Matrix) -> Matrix:
        """Shapley values of each row's margin, ``(n, d) → (n, d)``; they sum to it less ``expected``.

        A feature that is not told is averaged over the training rows that came by each split of it.
        Source: Lundberg, Erion & Lee (2018), path-dependent TreeSHAP; here leaf by leaf, as a product of games, whose
        values are looked up: a row either follows a path as to a feature or does not (Yang 2021, Fast TreeSHAP v2).
        """
        out = np.zeros(x.shape)
        _shapley(np.ascontiguousarray(x, np.float64), *self.arrays[:6], *self._games, out)
        return out

    def _filled_up(self) -> tuple[Ints32, Floats32, Matrix]:
        """Per tree source (see ``_margins``) and split of all inner nodes, level by level; and all leaves."""
        depth, count = int(_depth(self.feature, self.left, self.right)), len(self.roots)
        inner, leaves = (count, 2**depth - 1), np.zeros((count, 2**depth))
        source, split = np.zeros(inner, np.int32), np.zeros(inner, np.float32)
        _fill_up(*self.arrays[:6], source, split, leaves)
        return source, split, leaves

    def _played(self) -> tuple[Ints32, Ints32, Ints32, NDArray[np.int64], Vector]:
        """What ``_play`` writes."""
        k = len(self.feature)
        slot, used, names = np.zeros(k, np.int32), np.zeros(k, np.int32), np.zeros((k, MAX_DEPTH), np.int32)
        start = np.zeros(k, np.int64)
        given = (self.roots, self.feature, self.left, self.right, self.cover, self.split, slot, used, names, start)
        table = np.empty(_play(*given, np.empty(0)))  # once to count
        _play(*given, table)
        return slot, used, names, start, table

    @property
    def expected(self) -> float:
        """Margin where no feature is told."""
        return float(_expected(self.feature, self.split, self.left, self.right, self.cover))


@kernel
def _depth(feature: Ints32, left: Ints32, right: Ints32) -> int:
    depth = np.zeros(feature.size, np.int64)
    deepest = 0
    for node in range(feature.size):  # children stand behind their parents
        if feature[node] != _LEAF:
            depth[left[node]] = depth[right[node]] = depth[node] + 1
            deepest = max(deepest, depth[node] + 1)
    return deepest


@kernel
def _goes_to(value: float, node: int, split: Floats32, left: Ints32, right: Ints32, missing: Ints32) -> int:
    if math.isnan(value):
        return missing[node]
    return left[node] if np.float32(value) < split[node] else right[node]


@kernel
def _fill_up(
    roots: Ints32,
    feature: Ints32,
    split: Floats32,
    left: Ints32,
    right: Ints32,
    missing: Ints32,
    sources: Ints32,
    splits: Floats32,
    leaves: Matrix,
) -> None:
    """Write each tree level by level; below a leaf all leaves are as it is, whatever is asked on the way."""
    inner = sources.shape[1]
    nodes = np.empty(2 * inner + 1, np.int64)
    for t in range(roots.size):
        nodes[0] = roots[t]
        for place in range(2 * inner + 1):
            node = nodes[place]
            is_leaf = feature[node] == _LEAF
            if place >= inner:
                leaves[t, place - inner] = split[node]
                continue
            nodes[2 * place + 1] = node if is_leaf else left[node]
            nodes[2 * place + 2] = node if is_leaf else right[node]
            if not is_leaf:
                sources[t, place] = 2 * feature[node] + (missing[node] == left[node])
                splits[t, place] = split[node]


@kernel
def _margins(columns: Floats32, source: Ints32, split: Floats32, leaves: Matrix, out: Vector) -> None:
    """Sum the leaves of each row, tree after tree.

    columns  (d, n) the rows, turned
    source   (t, inner) twice the column that a node splits on, and one more where nan goes left
    """
    (d, n), inner = columns.shape, source.shape[1]
    values = np.empty((2 * d, _ROWS), np.float32)  # each column twice: nan as what is above every split, and below it
    place = np.empty(_ROWS, np.int32)
    for begin in range(0, n, _ROWS):
        many = min(_ROWS, n - begin)
        for column in range(d):
            for i in range(many):
                value = columns[column, begin + i]
                values[2 * column, i] = np.float32(np.inf) if math.isnan(value) else value
                values[2 * column + 1, i] = np.float32(-np.inf) if math.isnan(value) else value
        wide = -(-many // _VECTOR) * _VECTOR  # whole vectors: what is beyond the last row is not read
        out[begin : begin + many] = 0.0
        for t in range(source.shape[0]):
            place[:wide] = 0
            for j in range(inner):
                asked, limit = values[source[t, j]], split[t, j]
                node, left, right = np.int32(j), np.int32(2 * j + 1), np.int32(2 * j + 2)
                for i in range(wide):
                    child = left if asked[i] < limit else right
                    place[i] = child if place[i] == node else place[i]
            for i in range(many):
                out[begin + i] += leaves[t, place[i] - inner]


@kernel
def _expected(feature: Ints32, split: Floats32, left: Ints32, right: Ints32, cover: Floats32) -> float:
    share, total = np.ones(feature.size), 0.0
    for node in range(feature.size):
        if feature[node] == _LEAF:
            total += share[node] * split[node]
        else:
            both = np.float64(cover[left[node]]) + cover[right[node]]
            share[left[node]] = share[node] * cover[left[node]] / both
            share[right[node]] = share[node] * cover[right[node]] / both
    return total


@kernel
def _play(
    roots: Ints32,
    feature: Ints32,
    left: Ints32,
    right: Ints32,
    cover: Floats32,
    split: Floats32,
    slot: Ints32,
    used: Ints32,
    names: Ints32,
    start: NDArray[np.int64],
    table: Vector,
) -> int:
    """Write what every leaf gives to each feature of its path, by which of these a row follows; returns how much.

    slot   (k,) place of a split's feature among those of the path to it
    used   (k,) how many features the path to a node has
    names  (k, MAX_DEPTH) these features
    start  (k,) of a leaf: where its part of ``table`` begins, ``used`` values for each of ``2 ** used`` patterns
    table  empty: nothing is written there
    """
    shares = np.ones((feature.size, MAX_DEPTH))  # of the training rows that follow the path where one is not told
    follows, out = np.empty(MAX_DEPTH), np.empty(MAX_DEPTH)
    size = 0
    used[roots] = 0
    for node in range(feature.size):  # children stand behind their parents
        many = used[node]
        if feature[node] == _LEAF:
            start[node] = size
            for pattern in range(1 << many if table.size else 0):
                for g in range(many):
                    follows[g] = (pattern >> g) & 1
                out[:many] = 0.0
                _add_leaf(split[node], shares[node, :many], follows[:many], out)
                table[size + pattern * many : size + (pattern + 1) * many] = out[:many]
            size += many << many
            continue
        place = 0
        while place < many and names[node, place] != feature[node]:
            place += 1
        slot[node] = place
        both = np.float64(cover[left[node]]) + cover[right[node]]
        for child in (left[node], right[node]):
            names[child], shares[child] = names[node], shares[node]
            names[child, place] = feature[node]
            shares[child, place] *= cover[child] / both
            used[child] = max(many, place + 1)
    return size


@kernel
def _shapley(
    x: Matrix,
    roots: Ints32,
    feature: Ints32,
    split: Floats32,
    left: Ints32,
    right: Ints32,
    missing: Ints32,
    slot: Ints32,
    used: Ints32,
    names: Ints32,
    start: NDArray[np.int64],
    table: Vector,
    out: Matrix,
) -> None:
    """Walk all nodes, with the features that the row follows on the path to each as bits, and look up every leaf."""
    follows = np.empty(feature.size, np.int64)
    for i in range(x.shape[0]):
        follows[roots] = -1
        for node in range(feature.size):
            bits, many = follows[node], used[node]
            if feature[node] == _LEAF:
                begin = start[node] + (bits & ((1 << many) - 1)) * many
                for g in range(many):
                    out[i, names[node, g]] += table[begin + g]
                continue
            taken = _goes_to(x[i, feature[node]], node, split, left, right, missing)
            for child in (left[node], right[node]):
                follows[child] = bits if child == taken else bits & ~(1 << slot[node])


@kernel
def _add_leaf(value: float, shares: Vector, follows: Vector, out: Vector) -> None:
    """Add the Shapley values of the game ``value × Π_told follows × Π_untold shares``.

    A feature gets ``value (follows - share)`` times the mean of the others' product over the orders in which they may
    be told before it; the products of all sets of one size are a coefficient of ``Π (share + follows t)``.
    """
    m = shares.size
    weights = np.empty(m + 1)
    for j in range(m):
        weights[0] = 1.0
        size = 0
        for g in range(m):
            if g != j:
                weights[size + 1] = weights[size] * follows[g]
                for k in range(size, 0, -1):
                    weights[k] = weights[k] * shares[g] + weights[k - 1] * follows[g]
                weights[0] *= shares[g]
                size += 1
        mean, orders = 0.0, 1.0 / m  # k! (m - 1 - k)! / m!
        for k in range(m):
            mean += weights[k] * orders
            orders *= (k + 1.0) / max(m - 1.0 - k, 1.0)
        out[j] += value * (follows[j] - shares[j]) * mean
