"""Page–Hinkley: says when the mean of something has risen, or fallen, for longer than chance would have it."""

import math
from dataclasses import dataclass


@dataclass(slots=True)
class _Side:
    """One direction: how far the sum has come above its lowest point, and when it was there."""

    height: float = 0.0
    since: int = -1

    def add(self, rise: float, at: int) -> None:
        if self.height <= 0.0:
            self.since = at
        self.height = max(0.0, self.height + rise)


class PageHinkley:
    """Both directions at once, fed with sums so that it does not matter how payments are batched.

    slack  > 0   drift of the mean that is let pass, in deviations of one value
    limit  > 0   how far a sum may rise, in the same deviations
    Source: Page (1954); Hinkley (1971).
    """

    def __init__(self, *, slack: float, limit: float) -> None:
        self._slack, self._limit = slack, limit
        self._up, self._down = _Side(), _Side()

    def add(self, total: float, count: int, at: int) -> None:
        """Take the sum of ``count`` standardised values that came from ``at`` on, epoch ms."""
        self._up.add(total - count * self._slack, at)
        self._down.add(-total - count * self._slack, at)

    def since(self) -> int | None:
        """When the mean left its place, epoch ms, once that is beyond the limit; None before."""
        worst = max(self._up, self._down, key=lambda side: side.height)
        return worst.since if worst.height > self._limit else None

    @property
    def level(self) -> float:
        """How far it is, in limits: 1 is an alarm."""
        return max(self._up.height, self._down.height) / self._limit if math.isfinite(self._limit) else 0.0

    def begin_again(self) -> None:
        """Forget what was found."""
        self._up, self._down = _Side(), _Side()
