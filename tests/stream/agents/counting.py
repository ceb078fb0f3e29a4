"""Two small but real stages for the agents' tests, and a worker process that runs them.

``count`` counts records per key, raises an alert at every third record of a key, and sends every record on to the
partition of its last letter. ``tally`` counts what arrives there, holding the newest record back until another or a
silence follows, as a merge does. Both keep the position of the last record in each row.
"""
# ruff: noqa: D102, ARG002  the contracts of Stage and PartitionState say what their methods do and take

import sys
from collections.abc import Sequence

import msgspec
import numpy as np

from stream.agents.outbox import partition_of
from stream.agents.spec import StageSpec
from stream.core.stage import Output
from stream.core.state import PartitionState
from stream.settings import Kafka, Log, Settings
from stream.wire.records import Outgoing, Slice
from stream.worker import run_worker

PARTITIONS = 4
EVERY = 3
SOURCE, SHUFFLE, ALERTS, SCORES = "transactions", "weir-by-terminal", "alerts", "scores"
Row = tuple[int, int]  # count, position of the last record counted


class Rows:
    """Implements ``PartitionState``: key → (count, position)."""

    def __init__(self) -> None:
        self.checkpoint = b""
        self.rows: dict[bytes, Row] = {}
        self._dirty: set[bytes] = set()

    def add(self, key: bytes, position: int) -> int:
        """Count a record; returns the count, 0 where this record was counted before."""
        count, last = self.rows.get(key, (0, -1))
        if position <= last:
            return 0
        self.rows[key] = (count + 1, position)
        self._dirty.add(key)
        return count + 1

    def take_dirty(self) -> tuple[list[bytes], list[bytes | None]]:
        keys = sorted(self._dirty)
        self._dirty.clear()
        return keys, [msgspec.msgpack.encode(self.rows[key]) for key in keys]

    def load(self, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        for key, value in zip(keys, values, strict=True):
            self.rows[key] = msgspec.msgpack.decode(value or b"", type=tuple[int, int])

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def nbytes(self) -> int:
        return 64 * len(self.rows)


class _Stage:
    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.rows = Rows()
        self.state: PartitionState = self.rows
        self._next: dict[str, int] = {}

    def resume_at(self) -> dict[str, int]:
        return dict(self._next)

    def mark(self, *, written: dict[str, int]) -> None:
        self.state.checkpoint = msgspec.msgpack.encode((self.resume_at(), written))

    def restore(self) -> dict[str, int]:
        blob = self.state.checkpoint
        self._next, written = (
            msgspec.msgpack.decode(blob, type=tuple[dict[str, int], dict[str, int]]) if blob else ({}, {})
        )
        return written

    def _fresh(self, records: Slice) -> list[tuple[int, bytes]]:
        start = self._next.get(records.topic, 0)
        pairs = zip(records.offset.tolist(), records.values, strict=True)
        fresh = [(offset, value or b"") for offset, value in pairs if offset >= start]
        if any(value.startswith(b"poison") for _, value in fresh):
            raise ValueError("a record this stage can't bear")
        return fresh

    def _alert(self, offset: int, count: int) -> list[Outgoing]:
        if not count or count % EVERY:
            return []
        name = f"{self.topics[0]}-{self.partition}-{offset}"
        source = {"topic": self.topics[0], "partition": self.partition, "offset": offset}
        told = {"id": name, "kind": "count", "severity": "low", "source": source}  # what a log says of an alert
        return [Outgoing(topic=ALERTS, value=msgspec.json.encode(told), partition=self.partition, id=name)]

    topics: tuple[str, ...] = ()


class Count(_Stage):
    """Counts ``transactions`` per key; the value is the key."""

    topics: tuple[str, ...] = (SOURCE,)

    def feed(self, records: Slice, *, now: int) -> Output:
        output = Output()
        for offset, key in self._fresh(records):
            count = self.rows.add(key, offset)
            if count:
                output.records += self._alert(offset, count)
                onward = b"%d:%d:%s" % (self.partition, offset, key)
                output.records.append(
                    Outgoing(topic=SHUFFLE, value=onward, partition=partition_of(key[-1:], PARTITIONS))
                )
        self._next[records.topic] = records.next_offset
        output.counts["events_in", records.topic] += len(records)
        output.is_news = len(records) > 0
        output.alerted = np.full(sum(r.id is not None for r in output.records), now)
        return output

    def idle(self, topic: str, *, now: int) -> Output:
        return Output()


class Tally(_Stage):
    """Counts what ``Count`` sent on, per key; the newest record waits."""

    topics: tuple[str, ...] = (SHUFFLE,)

    def __init__(self, partition: int) -> None:
        super().__init__(partition)
        self._held: tuple[int, bytes] | None = None

    def feed(self, records: Slice, *, now: int) -> Output:
        output = Output()
        for offset, value in self._fresh(records):
            self._release(output)
            self._held = (offset, value)
        self._next[records.topic] = records.next_offset
        return output

    def idle(self, topic: str, *, now: int) -> Output:
        output = Output()
        self._release(output)
        return output

    def resume_at(self) -> dict[str, int]:
        return self._next | ({SHUFFLE: self._held[0]} if self._held else {})

    def restore(self) -> dict[str, int]:
        self._held = None
        return super().restore()

    def _release(self, output: Output) -> None:
        if self._held is None:
            return
        offset, value = self._held
        self._held = None
        _, position, key = value.split(b":", 2)
        count = self.rows.add(key, int(position))
        if count:
            output.records += self._alert(offset, count)
            output.records.append(Outgoing(topic=SCORES, value=value, key=key))
            output.counts["scored",] += 1


SPECS = (
    StageSpec(name="count", topics=(SOURCE,), factory=Count, outputs=(ALERTS, "dead-letters")),
    StageSpec(name="tally", topics=(SHUFFLE,), factory=Tally, outputs=(ALERTS, "dead-letters")),
)


def settings_for(bootstrap: str, prefix: str) -> Settings:
    """Settings of one test: topics and group of its own."""
    kafka = Kafka(
        bootstrap=bootstrap, prefix=prefix, group=f"{prefix}group", partitions=PARTITIONS, commit_seconds=0.25
    )
    return Settings(kafka=kafka)


if __name__ == "__main__":
    where, named, instance = sys.argv[1:]
    chosen = settings_for(where, named)
    if instance:
        kafka = msgspec.structs.replace(chosen.kafka, instance=instance, session_seconds=30.0)
        chosen = msgspec.structs.replace(chosen, kafka=kafka)
    chosen = msgspec.structs.replace(chosen, log=Log(level="INFO"))
    sys.exit(run_worker(chosen, SPECS))
