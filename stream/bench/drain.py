"""When a backlog is drained, seen from outside: the group has committed all that its topics hold."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import RetriableError

from stream.bench.processes import Weight, weigh
from stream.errors import WeirError
from stream.run.children import Child

_LOOK_SECONDS = 0.02


class Offsets:
    """Asks the broker how far a group has come; a context manager that closes its connections.

    group   consumer group
    topics  in full, which the group reads; the first is what is counted
    """

    def __init__(self, bootstrap: str, *, group: str, topics: Sequence[str], partitions: int) -> None:
        self._admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        self._consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None)
        self._group = group
        self._counted = topics[0]
        self._places = [TopicPartition(topic, p) for topic in topics for p in range(partitions)]

    def committed(self) -> dict[TopicPartition, int]:
        """Committed offsets; a partition without one is absent."""
        try:
            found = self._admin.list_group_offsets(self._group).get(self._group, {})
        except RetriableError:  # the first group of a broker: its coordinator is being made
            return {}
        return {place: at.offset for place, at in found.items() if at.offset >= 0}

    def done(self) -> int:
        """Records of the first topic that are committed."""
        return sum(offset for place, offset in self.committed().items() if place.topic == self._counted)

    def ends(self) -> dict[TopicPartition, int]:
        """Offset after the last record of each partition the group reads."""
        found: dict[TopicPartition, int] = self._consumer.end_offsets(self._places)
        return found

    def lag(self) -> int:
        """Records not committed yet."""
        committed = self.committed()
        return sum(end - committed.get(place, 0) for place, end in self.ends().items())

    def waiting(self) -> int:
        """Records of the first topic that are not committed yet."""
        return sum(end for place, end in self.ends().items() if place.topic == self._counted) - self.done()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admin.close()
        self._consumer.close()


def drain(
    offsets: Offsets, worker: Child, *, total: int, within_seconds: float, on_progress: Callable[[float], None]
) -> Weight:
    """Wait until the group has committed all it reads; returns what the worker then weighed.

    total        records of its first topic
    on_progress  told the share done
    Raises WeirError where the worker ends or takes longer than ``within_seconds``.
    """
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        done = offsets.done()
        on_progress(done / total)
        if done >= total and not offsets.lag():
            return weigh(worker.pid)
        worker.require_alive()
        time.sleep(_LOOK_SECONDS)
    raise WeirError(
        f"{worker.name}: {offsets.lag():,} records left after {within_seconds:.0f} s; its log: {worker.log}"
    )
