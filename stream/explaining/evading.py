"""The least an evader gives up: a greedy search over amount, moment and terminal until a payment passes.

One step is a tenth of the amount given up, the next longer wait, or another terminal. The step is taken after which the
score stands lowest over its limit, until it passes; then the steps that were not needed are given back one by one. So
what is found is enough, and none of its steps can be left out; it is not always the least of all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from stream.explaining.trial import WAITS_MS

TENTHS = 9  # at most: nobody steals for nothing
MOST = TENTHS + len(WAITS_MS) + 1  # steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is given up.

    tenths     0 … 9, of the amount
    waits      0 … 6, how many of ``WAITS_MS`` the wait has gone through
    elsewhere  at an ordinary terminal
    """

    tenths: int = 0
    waits: int = 0
    elsewhere: bool = False

    @property
    def steps(self) -> int:
        """The budget that it takes."""
        return self.tenths + self.waits + self.elsewhere

    @property
    def wait_ms(self) -> int:
        """How long the payment waits."""
        return WAITS_MS[self.waits - 1] if self.waits else 0

    def more(self) -> Iterator["Change"]:
        """All changes of one step more."""
        if self.tenths < TENTHS:
            yield replace(self, tenths=self.tenths + 1)
        if self.waits < len(WAITS_MS):
            yield replace(self, waits=self.waits + 1)
        if not self.elsewhere:
            yield replace(self, elsewhere=True)

    def less(self) -> Iterator["Change"]:
        """All changes of one step less."""
        if self.tenths:
            yield replace(self, tenths=self.tenths - 1)
        if self.waits:
            yield replace(self, waits=self.waits - 1)
        if self.elsewhere:
            yield replace(self, elsewhere=False)


Pressure = Callable[[Change], float]  # score over limit, the highest of a defence's detectors: below 1 it passes
ALONE: dict[str, tuple[Change, ...]] = {  # one lever at a time
    "amount": tuple(Change(tenths=n) for n in range(1, TENTHS + 1)),
    "wait": tuple(Change(waits=n) for n in range(1, len(WAITS_MS) + 1)),
    "terminal": (Change(elsewhere=True),),
}


def evade(pressure: Pressure) -> Change | None:
    """Find a change that passes and of which no step can be left out; None where the search finds none."""
    change = Change()
    while pressure(change) >= 1.0:
        onward = list(change.more())
        if not onward:
            return None
        change = min(onward, key=pressure)
    while less := [one for one in change.less() if pressure(one) < 1.0]:
        change = min(less, key=pressure)
    return change


def evade_by(lever: str, pressure: Pressure) -> Change | None:
    """Find the smallest change of one lever of ``ALONE`` that passes."""
    return next((change for change in ALONE[lever] if pressure(change) < 1.0), None)
