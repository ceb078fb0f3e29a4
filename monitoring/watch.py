"""Remembers what a worker was last seen doing: the times that health and readiness are judged by."""

from collections.abc import Callable

from monitoring.health import Progress


class Watch:
    """Written by the worker's loop, read by the exporter's threads.

    clock  seconds; only differences are used
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started = self._heard = clock()
        self._assigned: int | None = None
        self._assigned_at: float | None = None
        self._recovered_at: float | None = None
        self._taken_at: float | None = None
        self._uncommitted: dict[tuple[str, int], float] = {}  # stage and partition → first work since its commit
        self._lag: dict[tuple[str, int], int] = {}
        self._waiting: float | None = None

    def heard(self) -> None:
        """Note a sign of life."""
        self._heard = self._clock()

    def took(self, stage: str, partition: int) -> None:
        """Note that a stage took events which no commit covers yet."""
        self._heard = self._taken_at = self._clock()
        self._uncommitted.setdefault((stage, partition), self._heard)

    def committed(self, stage: str, partition: int) -> None:
        """Note that all a stage took of a partition is durable."""
        self.heard()
        self._uncommitted.pop((stage, partition), None)

    def lag(self, topic: str, partition: int, records: int) -> None:
        """Note how many records of a partition wait."""
        self.heard()
        self._lag[topic, partition] = records
        if any(self._lag.values()):
            self._waiting = self._waiting or self._heard
        else:
            self._waiting = None

    def assigned(self, partitions: int) -> None:
        """Note a new assignment: what was known of the last one is void."""
        self._heard = self._assigned_at = self._clock()
        self._assigned = partitions
        self._recovered_at = self._waiting = None
        self._uncommitted.clear()
        self._lag.clear()

    def recovered(self) -> float:
        """Note that the state of the assignment is complete; returns the seconds that took."""
        self._heard = self._recovered_at = self._clock()
        return self._recovered_at - (self._started if self._assigned_at is None else self._assigned_at)

    def commit_age_seconds(self) -> float:
        """Age of the oldest work that no commit covers, 0 where there is none."""
        oldest = min(tuple(self._uncommitted.values()), default=None)
        return 0.0 if oldest is None else self._clock() - oldest

    def progress(self) -> Progress:
        """Read everything at once."""
        return Progress(
            now=self._clock(),
            started=self._started,
            heard=self._heard,
            assigned=self._assigned,
            assigned_at=self._assigned_at,
            recovered_at=self._recovered_at,
            taken_at=self._taken_at,
            uncommitted=min(tuple(self._uncommitted.values()), default=None),
            waiting=self._waiting,
            lag=sum(tuple(self._lag.values())),
        )
