"""Open-loop pacing: when each record is due is fixed beforehand, whatever became of the records before it."""

import threading
import time
from typing import Protocol

from stream.errors import SettingsError

_NAP_SECONDS = 0.5  # the longest wait at a time, so that progress is told while nothing is due


class Clock(Protocol):
    """Wall time and waiting."""

    def now(self) -> float:
        """Epoch seconds, never falling."""
        ...

    def wait(self, seconds: float) -> None:
        """Return after ``seconds``, or earlier when the flow is to stop."""
        ...


class WallClock:
    """The machine's clock, read once and carried on monotonically; a wait ends when ``stop`` is set."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._zero = time.time() - time.perf_counter()

    def now(self) -> float:
        """Epoch seconds."""
        return self._zero + time.perf_counter()

    def wait(self, seconds: float) -> None:
        """Wait, at most until ``stop`` is set."""
        self._stop.wait(seconds)


class Pacing:
    """Fixes due times: record ``i`` at ``start + i / rate``, or by its event time at ``speed``, or at once.

    rate   > 0  records per second
    speed  > 0  event seconds per wall second
    clock       what the start is read from, at the first record

    Raises SettingsError where both are given or one is not positive.
    """

    def __init__(self, *, clock: Clock, rate: float | None = None, speed: float | None = None) -> None:
        if rate is not None and speed is not None:
            raise SettingsError("rate, speed", "one of them", where="pacing")
        for name, value in (("rate", rate), ("speed", speed)):
            if value is not None and not 0.0 < value < float("inf"):
                raise SettingsError(name, "a number over 0", value, where="pacing")
        self._clock = clock
        self._rate, self._speed = rate, speed
        self._start = 0.0
        self._first_at = 0
        self._sent = 0

    def due(self, at: int) -> float:
        """Due time of the next record, epoch seconds; ``at`` is its event time, epoch ms."""
        if self._sent == 0:
            self._start, self._first_at = self._clock.now(), at
        number = self._sent
        self._sent += 1
        if self._rate is not None:
            return self._start + number / self._rate
        if self._speed is not None:
            return self._start + (at - self._first_at) / 1000.0 / self._speed
        return self._clock.now()

    def nap(self, due: float) -> float:
        """Wait towards ``due``, half a second at most.

        -> seconds  behind: how long ``due`` is past, 0 or less while it is still to come
        """
        ahead = due - self._clock.now()
        if ahead <= 0.0:
            return -ahead
        self._clock.wait(min(ahead, _NAP_SECONDS))
        return self._clock.now() - due
