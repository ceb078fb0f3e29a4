"""Remembers what a worker was last seen doing: the times that health and readiness are judged by."""

from collections.abc import Callable

from monitoring.health import Progress


class Watch:
    """Written by the worker's loop, read by the exporter's threads.

    clock  seconds; only differences are used
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._heard = clock()
        self._forget()

    def _forget(self) -> None:
        self._closed_at = self._clock()
        self._opened_at: float | None = None
        self._partitions = 0
        self._taken_at: float | None = None
        self._uncommitted: dict[tuple[str, int], float] = {}  # stage and partition → first work since its commit
        self._lag: dict[tuple[str, int], int] = {}
        self._waiting: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether partitions are assigned and their state is complete."""
        return self._opened_at is not None

    def took(self, stage: str, partition: int) -> None:
        """Note that a stage took events which no commit covers yet."""
        self._heard = self._taken_at = self._clock()
        self._uncommitted.setdefault((stage, partition), self._heard)

    def committed(self, stage: str, partition: int) -> None:
        """Note that all a stage took of a partition is durable."""
        self._heard = self._clock()
        self._uncommitted.pop((stage, partition), None)

    def lag(self, topic: str, partition: int, records: int) -> None:
        """Note how many records of a partition wait; while closed that is no longer this worker's matter."""
        self._heard = self._clock()
        if not self.is_open:
            return
        self._lag[topic, partition] = records
        if any(self._lag.values()):
            self._waiting = self._waiting or self._heard
        else:
            self._waiting = None

    def closed(self) -> None:
        """Note that partitions were taken away; what was known of them is void."""
        self._forget()

    def opened(self, partitions: int) -> float:
        """Note that partitions are assigned and their state is complete; returns the seconds without them."""
        self._heard = self._opened_at = self._clock()
        self._partitions = partitions
        return self._opened_at - self._closed_at

    def commit_age_seconds(self) -> float:
        """Age of the oldest work that no commit covers, 0 where there is none."""
        oldest = min(tuple(self._uncommitted.values()), default=None)
        return 0.0 if oldest is None else self._clock() - oldest

    def progress(self) -> Progress:
        """Read everything at once."""
        return Progress(
            now=self._clock(),
            closed_at=self._closed_at,
            opened_at=self._opened_at,
            partitions=self._partitions,
            heard=self._heard,
            taken_at=self._taken_at,
            uncommitted=min(tuple(self._uncommitted.values()), default=None),
            waiting=self._waiting,
            lag=sum(tuple(self._lag.values())),
        )
