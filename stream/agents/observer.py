"""What the agents tell whoever measures them: a handful of calls, each cheap, none of which may raise."""

from typing import Protocol

from stream.core.stage import Output


class Observer(Protocol):
    """Told of every slice and every commit; called on the worker's event loop."""

    def closed(self) -> None:
        """Take note that partitions were taken away: nothing is fed until ``opened``."""
        ...

    def opened(self, partitions: int) -> None:
        """Take note that so many input partitions are assigned and their state is complete."""
        ...

    def recovering(self, *, stage: str, partition: int) -> None:
        """Take note that rows of a partition were read back."""
        ...

    def taking(self, *, stage: str, topic: str, partition: int) -> None:
        """Take note that a stage begins with a slice; ``fed`` follows when it returns."""
        ...

    def fed(self, output: Output, *, stage: str, partition: int, now: int) -> None:
        """Take note of what a stage made of one slice, or of hearing that it is idle; ``now`` is epoch ms."""
        ...

    def suppressed(self, stage: str, count: int) -> None:
        """Take note of records not published again, because a crash came between them and their commit."""
        ...

    def lag(self, topic: str, partition: int, records: int) -> None:
        """Take note of how many records of a topic partition wait, at each commit."""
        ...

    def committed(
        self, *, stage: str, partition: int, offsets: dict[str, int], keys: int, nbytes: int, seconds: float
    ) -> None:
        """Take note of a commit.

        offsets  topic → next offset to read
        keys     held in the state of that partition, in ``nbytes`` bytes
        seconds  from the snapshot until its rows were durable
        """
        ...


class Silent:
    """Implements ``Observer`` for those who measure nothing."""

    def closed(self) -> None:
        """Ignore it."""

    def opened(self, partitions: int) -> None:
        """Ignore it."""

    def recovering(self, *, stage: str, partition: int) -> None:
        """Ignore it."""

    def taking(self, *, stage: str, topic: str, partition: int) -> None:
        """Ignore it."""

    def fed(self, output: Output, *, stage: str, partition: int, now: int) -> None:
        """Ignore it."""

    def suppressed(self, stage: str, count: int) -> None:
        """Ignore it."""

    def lag(self, topic: str, partition: int, records: int) -> None:
        """Ignore it."""

    def committed(
        self, *, stage: str, partition: int, offsets: dict[str, int], keys: int, nbytes: int, seconds: float
    ) -> None:
        """Ignore it."""
