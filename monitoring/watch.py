"""Remembers what a worker was last seen doing: the times that health and readiness are judged by."""

from collections.abc import Callable, Iterable

from monitoring.health import Due, Progress

Place = tuple[str, int]  # topic or stage, and partition


class Watch:
    """Written by the worker's loop, read by the threads of exporter and watchdog.

    clock  seconds; only differences are used
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.begins()

    def _forget(self) -> None:
        self._closed_at = self._clock()
        self._recovered_at: float | None = None
        self._opened_at: float | None = None
        self._partitions = 0
        self._taking: tuple[Place, float] | None = None  # topic and partition, since when
        self._topics: dict[Place, str] = {}  # stage and partition → topic last taken from
        self._uncommitted: dict[Place, float] = {}  # stage and partition → first work since its commit
        self._lag: dict[Place, int] = {}
        self._waiting: dict[Place, float] = {}  # topic and partition → since when records wait without a break
        self._went_on_at = self._closed_at

    @property
    def is_open(self) -> bool:
        """Whether partitions are assigned and their state is complete."""
        return self._opened_at is not None

    def begins(self) -> None:
        """Note that the worker starts now: what came before, kernels to compile say, is no standing still."""
        self._heard = self._clock()
        self._forget()

    def recovering(self) -> None:
        """Note that rows were read back."""
        self._heard = self._recovered_at = self._clock()

    def taking(self, stage: str, topic: str, partition: int) -> None:
        """Note that a stage begins with a slice."""
        self._heard = self._clock()
        self._topics[stage, partition] = topic
        self._taking = (topic, partition), self._heard

    def returned(self) -> None:
        """Note that the stage is done with it."""
        self._taking = None

    def took(self, stage: str, partition: int) -> None:
        """Note that a stage took events which no commit covers yet."""
        self._heard = self._clock()
        self._uncommitted.setdefault((stage, partition), self._heard)

    def committed(self, stage: str, partition: int, topics: Iterable[str]) -> None:
        """Note that all a stage took of a partition of its topics is durable.

        Where records of it wait, that is progress for those of all partitions: each gets its turn, and under a
        backlog the turns may be long.
        """
        self._heard = self._clock()
        self._uncommitted.pop((stage, partition), None)
        if any(self._lag.get((topic, partition)) for topic in topics):
            self._went_on_at = self._heard

    def lag(self, topic: str, partition: int, records: int) -> None:
        """Note how many records of a partition wait; while closed that is no longer this worker's matter."""
        self._heard = self._clock()
        if not self.is_open:
            return
        self._lag[topic, partition] = records
        if records:
            self._waiting.setdefault((topic, partition), self._heard)
        else:
            self._waiting.pop((topic, partition), None)

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
        taking = self._taking
        return Progress(
            now=self._clock(),
            closed_at=self._closed_at,
            recovered_at=self._recovered_at,
            opened_at=self._opened_at,
            partitions=self._partitions,
            heard=self._heard,
            taking=None if taking is None else self._due(*taking),
            uncommitted=self._oldest_uncommitted(),
            waiting=self._longest_waiting(),
        )

    def _due(self, place: Place, since: float) -> Due:
        return Due(topic=place[0], partition=place[1], since=since, lag=self._lag.get(place, 0))

    def _oldest_uncommitted(self) -> Due | None:
        oldest = min(tuple(self._uncommitted.items()), key=lambda item: item[1], default=None)
        if oldest is None:
            return None
        (stage, partition), since = oldest
        return self._due((self._topics.get((stage, partition), stage), partition), since)

    def _longest_waiting(self) -> Due | None:
        longest = min(tuple(self._waiting.items()), key=lambda item: item[1], default=None)
        if longest is None:
            return None
        place, since = longest
        return self._due(place, max(since, self._went_on_at))
