"""The stream cut into hours of event time: counts per column and bin, closed in order however records were read.

Partitions are read at different paces, above all in a backlog, so an hour is closed only when all partitions seen have
left it, or when one is ahead of it by so much that the others must be silent. What comes later still is counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.reference import Column, bins_of
from stream.core.names import DAY_MS, HOUR_MS
from stream.wire.columns import Floats, Ints, Matrix

_SILENT_MS = DAY_MS  # ahead of an hour's end, after which nobody is waited for


class Layout:
    """Columns of a reference side by side: the bins of one begin where those of the one before end."""

    def __init__(self, columns: dict[str, Column]) -> None:
        self.names = tuple(columns)
        self.columns = tuple(columns.values())
        sizes = [len(column.share) for column in self.columns]
        self.starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        self._ranks = [_ranks(np.array(column.share)) for column in self.columns]

    def place(self, x: Matrix) -> Ints:
        """Find the bin of each value, ``(k, columns) → (k, columns)``, counted over all columns."""
        bins = [bins_of(column, x[:, j]) for j, column in enumerate(self.columns)]
        return np.stack(bins, axis=1) + self.starts[:-1]

    def ranks(self, bins: Ints) -> Matrix:
        """Standardised ranks among the reference, ``(k, columns)``: mean 0 and deviation 1 without drift."""
        return np.stack([self._ranks[j][bins[:, j] - self.starts[j]] for j in range(len(self.names))], axis=1)

    def part(self, counts: Ints, j: int) -> Ints:
        """Counts of column number ``j``."""
        return counts[self.starts[j] : self.starts[j + 1]]


@dataclass(slots=True)
class Slot:
    """One hour.

    at      its start, epoch ms
    counts  per bin of all columns
    ranks   per column, sum of standardised ranks
    rows    payments
    """

    at: int
    counts: Ints
    ranks: Floats
    rows: int = 0


class Slots:
    """Open hours; ``add`` rows of a partition, ``closed`` yields hours in order."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._open: dict[int, Slot] = {}
        self._newest: dict[int, int] = {}
        self._closed_until = 0
        self.late = 0

    def add(self, partition: int, at: Ints, x: Matrix) -> None:
        """Count rows ``x (k, columns)`` of payments at ``at (k,)``; of a closed hour they only raise ``late``."""
        if not at.size:
            return
        self._newest[partition] = max(self._newest.get(partition, 0), int(at.max()))
        bins = self._layout.place(x)
        ranks = self._layout.ranks(bins)
        hours = at // HOUR_MS * HOUR_MS
        for hour in np.unique(hours).tolist():
            those = hours == hour
            if hour < self._closed_until:
                self.late += int(those.sum())
                continue
            slot = self._open.get(hour)
            if slot is None:
                size = int(self._layout.starts[-1])
                slot = self._open[hour] = Slot(hour, np.zeros(size, np.int64), np.zeros(x.shape[1]))
            slot.counts += np.bincount(bins[those].ravel(), minlength=slot.counts.size)
            slot.ranks += ranks[those].sum(axis=0)
            slot.rows += int(those.sum())

    def closed(self, *, final: bool = False) -> Iterator[Slot]:
        """Take the hours that are done; ``final``: all, as nothing more comes."""
        if not self._newest:
            return
        slowest, fastest = min(self._newest.values()), max(self._newest.values())
        done = max(slowest, fastest - _SILENT_MS)
        for hour in sorted(self._open):
            if final or hour + HOUR_MS <= done:
                self._closed_until = hour + HOUR_MS
                yield self._open.pop(hour)


def quantile(column: Column, weights: Ints | Floats, level: float) -> float:
    """Edge below which a share ``level`` of those with a value lies, by counts or shares per bin; nan for none."""
    known = np.cumsum(np.asarray(weights[:-1], np.float64))
    if not column.edges or not known[-1]:
        return float("nan")
    return column.edges[min(int(np.searchsorted(known, level * known[-1] - 1e-9)), len(column.edges) - 1)]


def _ranks(share: Floats) -> Floats:
    """Mid-rank of each bin, standardised by the mean and deviation that the reference itself has."""
    rank = np.cumsum(share) - share / 2.0
    mean = float(share @ rank)
    deviation = float(np.sqrt(share @ (rank - mean) ** 2))
    return (rank - mean) / (deviation or 1.0)
