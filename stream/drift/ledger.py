"""Payments that wait for their verdict, in bounded memory at any rate: beyond the bound a fair sample is kept.

A payment is kept where its id's hash ends in enough zero bits; when a drawer is full, one more bit is asked for, and
each payment kept stands for twice as many. Those above a threshold have a drawer of their own, so that they are not
lost among the many that are not. Source: Wegman's adaptive sampling, in Flajolet (1990).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stream.core.keys import name_hashes

ROOM = 131_072  # payments in a drawer: some 30 MB


@dataclass(slots=True)
class Payment:
    """One that was scored.

    at       event time, epoch ms
    mask     bit i: at or above the threshold of subject i
    amount   minor units of a payment that was told, else 0
    verdict  1 fraud, 0 genuine, -1 none yet; counted with ``weight`` in class ``delay``
    known    when that verdict was known, epoch ms, and which one read it was: a verdict before it counts no more
    """

    at: int
    mask: int
    amount: int = 0
    verdict: int = -1
    weight: int = 1
    delay: int = 0
    known: tuple[int, int] = (-1, -1)


class Drawer:
    """A sample of payments by id."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._kept: dict[str, Payment] = {}
        self.level = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def weight(self) -> int:
        """How many payments each one that is kept stands for."""
        return 1 << self.level

    def chosen(self, ids: Sequence[str]) -> list[bool]:
        """Whether each id belongs to the sample."""
        if not self.level:
            return [True] * len(ids)
        mask = np.uint32(self.weight - 1)
        found: list[bool] = ((name_hashes(ids) & mask) == 0).tolist()
        return found

    def put(self, name: str, payment: Payment) -> None:
        """Keep a payment of the sample; the one known by that id stays."""
        self._kept.setdefault(name, payment)

    def get(self, name: str) -> Payment | None:
        """Find a payment."""
        return self._kept.get(name)

    def shrink(self, oldest: int) -> None:
        """Where the drawer is full, let go what is older than ``oldest``, epoch ms, then every other one."""
        if len(self._kept) < self._room:
            return
        self._kept = {name: one for name, one in self._kept.items() if one.at >= oldest}
        while len(self._kept) >= self._room:
            self.level += 1
            names = list(self._kept)
            self._kept = {
                name: self._kept[name] for name, stays in zip(names, self.chosen(names), strict=True) if stays
            }


class Ledger:
    """Two drawers: above a threshold, and not."""

    def __init__(self, room: int = ROOM) -> None:
        self.flagged, self.passed = Drawer(room), Drawer(room)

    def add(self, ids: Sequence[str], at: Sequence[int], masks: Sequence[int], oldest: int) -> None:
        """Remember payments as they were scored; ``oldest``, epoch ms, is the time before which none matters."""
        passed, flagged = self.passed.chosen(ids), self.flagged.chosen(ids)
        for name, time, mask, in_passed, in_flagged in zip(ids, at, masks, passed, flagged, strict=True):
            if mask and in_flagged:
                self.flagged.put(name, Payment(time, mask))
            elif not mask and in_passed:
                self.passed.put(name, Payment(time, mask))
        self.flagged.shrink(oldest)
        self.passed.shrink(oldest)

    def find(self, name: str) -> tuple[Payment, int] | None:
        """Find a payment and how many it stands for."""
        for drawer in (self.flagged, self.passed):
            payment = drawer.get(name)
            if payment is not None:
                return payment, drawer.weight
        return None

    def would_keep(self, name: str) -> bool:
        """Whether a payment would be here if it had been scored; False: it may have been let go."""
        return self.flagged.chosen([name])[0] and self.passed.chosen([name])[0]
