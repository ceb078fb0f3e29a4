"""How long to wait before the next try: twice as long each time, up to a bound, and never all at the same moment."""

import random


class Patience:
    """Counts failures in a row.

    first, longest  seconds
    seed            of the chance that spreads the tries: each wait is between half and the whole of its length
    """

    def __init__(self, *, first: float, longest: float, seed: int) -> None:
        self._first, self._longest = first, longest
        self._chance = random.Random(seed)  # noqa: S311  # no secret
        self._failures = 0

    def fail(self) -> float:
        """One more failure; seconds to wait now."""
        wait = min(self._first * 2.0 ** min(self._failures, 30), self._longest)
        self._failures += 1
        return wait * self._chance.uniform(0.5, 1.0)

    def succeed(self) -> None:
        """It works again."""
        self._failures = 0
