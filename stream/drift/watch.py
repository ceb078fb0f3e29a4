"""Decides what has moved: the last hours against the reference, column by column, and scores by Page–Hinkley.

A column has moved when its population stability index is over the limit and chance would not give such a
Kolmogorov–Smirnov distance; a detector's scores also when their mean rank has crept away for too long. Each is told
once and then not again for a week. All is a function of the records, so the same stream gives the same findings.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.reference import SCORE, Reference, fit_reference, watched
from stream.core.names import DAY_MS, FEATURES, HOUR_MS
from stream.core.sampling import unpack_features
from stream.drift.distance import ks, ks_chance, psi
from stream.drift.page_hinkley import PageHinkley
from stream.drift.slots import Layout, Slot, Slots, quantile
from stream.settings import Monitor
from stream.wire.columns import Ints, Matrix
from stream.wire.events import Scores

_FURTHEST_MS = 30 * DAY_MS  # that a window goes back for enough payments
_CHANCE = 1e-3  # of a distance as large without drift, shared out among the columns
_LEARN_ROWS = 5_000  # payments that make a reference where the artefact has none
_SLACK = 0.1  # deviations of a mean rank from its usual place that are nobody's concern


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One column that left its place.

    column  a feature, or ``score_`` and a detector
    psi     population stability index of the last hours; ks likewise
    now     median of the last hours, usual that of the reference
    since   epoch ms
    creep   True: found by Page–Hinkley
    """

    column: str
    psi: float
    ks: float
    now: float
    usual: float
    since: int
    creep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What moved together, seen at ``at`` (end of an hour, epoch ms), in the payments scored by ``version``."""

    at: int
    version: str
    rows: int
    moved: tuple[Moved, ...]


@dataclass(slots=True, kw_only=True)
class State:
    """What is shown of one model's payments: per column psi, ks, level of Page–Hinkley; counts of the last hours."""

    at: int = 0
    rows: int = 0
    psi: dict[str, float] = field(default_factory=dict)
    ks: dict[str, float] = field(default_factory=dict)
    creep: dict[str, float] = field(default_factory=dict)
    quantiles: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)  # detector → level → now, usual


class Watch:
    """The payments of one model version.

    version    names it
    detectors  whose scores are columns
    reference  None: learnt from the first 5,000 payments that tell their features
    told       column → when it was last told, epoch ms; kept up to date
    warm_at    before it, only ``state`` is kept: histories are still filling
    """

    def __init__(
        self,
        version: str,
        detectors: Sequence[str],
        reference: Reference | None,
        limits: Monitor,
        told: dict[str, int],
        warm_at: int,
    ) -> None:
        self.version, self._limits, self._told, self._warm_at = version, limits, told, warm_at
        self._names = watched(detectors)
        self._learnt: list[Matrix] = []
        self._slots: Slots | None = None  # until there is a reference
        self.state = State()
        self._recent: deque[Slot] = deque()
        if reference is not None:
            self._names = tuple(name for name in self._names if name in reference.columns)
            self._settle(reference)

    def take(self, partition: int, scores: Scores) -> Iterator[Finding]:
        """Take a record of ``scores``; yields what has moved by the hours that it closes."""
        x = unpack_features(scores)
        if x is None or not len(x):
            return
        at = np.array([scores.at[i] for i in scores.sample])
        columns = [x[:, FEATURES.index(name)] for name in self._names if not name.startswith(SCORE)]
        for name in self._names[len(columns) :]:
            column = scores.detectors[name.removeprefix(SCORE)]
            columns.append(np.array([column[i] for i in scores.sample]))
        rows = np.stack(columns, axis=1)
        if self._slots is None:
            if at[-1] >= self._warm_at:
                self._learn(rows)
            return
        self._slots.add(partition, at, rows)
        yield from self._judge(self._slots.closed())

    def finish(self) -> Iterator[Finding]:
        """Close every hour: nothing more comes."""
        if self._slots is not None:
            yield from self._judge(self._slots.closed(final=True))

    def _learn(self, rows: Matrix) -> None:
        self._learnt.append(rows)
        if sum(map(len, self._learnt)) >= _LEARN_ROWS:
            x = np.concatenate(self._learnt)
            self._learnt = []
            self._settle(fit_reference({name: x[:, j] for j, name in enumerate(self._names)}))

    def _settle(self, reference: Reference) -> None:
        columns = {name: reference.columns[name] for name in self._names}
        self._layout = Layout(columns)
        self._slots = Slots(self._layout)
        self._share = [np.array(column.share) for column in columns.values()]
        limits = self._limits
        self._creep = {
            name: PageHinkley(slack=limits.creep_slack, limit=limits.creep_limit)
            for name in self._names
            if name.startswith(SCORE)
        }

    def _judge(self, slots: Iterator[Slot]) -> Iterator[Finding]:
        for slot in slots:
            if slot.at < self._warm_at:
                continue
            self._recent.append(slot)
            while slot.at - self._recent[0].at >= _FURTHEST_MS:
                self._recent.popleft()
            moved = (*self._shifted(slot), *self._crept(slot))
            at = slot.at + HOUR_MS
            fresh = tuple(one for one in moved if at - self._told.get(one.column, -DAY_MS * 365) >= self._quiet_ms)
            if fresh:
                self._told.update((one.column, at) for one in fresh)
                yield Finding(at=at, version=self.version, rows=self.state.rows, moved=fresh)

    @property
    def _quiet_ms(self) -> int:
        return round(self._limits.repeat_days * DAY_MS)

    def _window(self, slot: Slot) -> list[Slot]:
        """The hours that are judged together: as many as the settings say, or more until they hold enough payments."""
        taken: list[Slot] = []
        rows = 0
        for one in reversed(self._recent):
            if slot.at - one.at >= self._limits.window_hours * HOUR_MS and rows >= self._limits.least_rows:
                break
            taken.append(one)
            rows += one.rows
        return taken

    def _shifted(self, slot: Slot) -> Iterator[Moved]:
        window = self._window(slot)
        rows = sum(one.rows for one in window)
        counts = np.sum([one.counts for one in window], axis=0)
        self.state.at, self.state.rows = slot.at + HOUR_MS, rows
        if rows < self._limits.least_rows:
            return
        for j, name in enumerate(self._names):
            part, share = self._layout.part(counts, j), self._share[j]
            distance, gap = psi(share, part), ks(share, part)
            self.state.psi[name], self.state.ks[name] = distance, gap
            if name.startswith(SCORE):
                self.state.quantiles[name.removeprefix(SCORE)] = self._quantiles(j, part)
            if distance < self._limits.psi or ks_chance(gap, rows) > _CHANCE / len(self._names):
                continue
            yield self._moved(j, part, distance, gap, self._since(j, window))

    def _since(self, j: int, window: list[Slot]) -> int:
        """When the ranks of a column left their place: the lowest point of their running sum, at most 30 days ago."""
        side = np.sign(sum(one.ranks[j] for one in window)) or 1.0
        rises = [side * one.ranks[j] - _SLACK * one.rows for one in self._recent]
        path = np.concatenate(([0.0], np.cumsum(rises)))
        return self._recent[int(np.argmin(path[:-1]))].at

    def _crept(self, slot: Slot) -> Iterator[Moved]:
        for j, name in enumerate(self._names):
            test = self._creep.get(name)
            if test is None:
                continue
            test.add(float(slot.ranks[j]), slot.rows, slot.at)
            self.state.creep[name] = test.level
            since = test.since()
            if since is not None and self.state.rows >= self._limits.least_rows:
                test.begin_again()
                part = self._layout.part(np.sum([one.counts for one in self._window(slot)], axis=0), j)
                distance, gap = psi(self._share[j], part), ks(self._share[j], part)
                yield self._moved(j, part, distance, gap, since, creep=True)

    def _moved(self, j: int, part: Ints, distance: float, gap: float, since: int, *, creep: bool = False) -> Moved:
        column = self._layout.columns[j]
        return Moved(
            column=self._names[j],
            psi=distance,
            ks=gap,
            now=quantile(column, part, 0.5),
            usual=quantile(column, self._share[j], 0.5),
            since=since,
            creep=creep,
        )

    def _quantiles(self, j: int, part: Ints) -> dict[str, tuple[float, float]]:
        column, share = self._layout.columns[j], self._share[j]
        return {
            f"{level:g}": (quantile(column, part, level), quantile(column, share, level)) for level in (0.5, 0.9, 0.99)
        }
