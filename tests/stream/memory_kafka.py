"""A broker and a worker in memory, driven by chance: slices of any size, any interleaving, crashes at any moment.

It does what ``stream.agents`` does in the order that ``docs/adr/0002`` promises, so the promise can be tried by the
thousand without a process to kill. What is durable when is modelled as Kafka has it: sends of one partition become
durable in order, rows of one changelog partition in order, the checkpoint after the rows.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np

from stream.agents.spec import StageSpec
from stream.core.stage import Output, Stage
from stream.wire.records import Slice

Place = tuple[str, int]  # topic, partition
NOW = 1_767_225_600_000  # a wall clock that stands still


@dataclass(slots=True)
class Log:
    """One topic partition."""

    values: list[bytes] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    produced: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Lane:
    """One stage on one partition, and what is durable of it.

    standby   another worker's, which follows the changelog
    followed  rows of the changelog it has loaded
    """

    spec: StageSpec
    partition: int
    stage: Stage
    standby: Stage
    followed: int = 0
    changelog: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    checkpoint: bytes = b""
    committed: dict[str, int] = field(default_factory=dict)
    position: dict[str, int] = field(default_factory=dict)
    sends: list[tuple[Place, bytes, str | None]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    written: dict[str, int] = field(default_factory=dict)
    repeated_until: dict[str, int] = field(default_factory=dict)
    told_idle: set[str] = field(default_factory=set)


class MemoryKafka:
    """Topics, and the lanes of one worker over them."""

    def __init__(self, specs: Sequence[StageSpec], partitions: int, chance: Random) -> None:
        self.chance = chance
        self.logs: dict[Place, Log] = defaultdict(Log)
        self.lanes = [Lane(spec, p, spec.factory(p), spec.factory(p)) for spec in specs for p in range(partitions)]
        for lane in self.lanes:
            lane.stage.restore()

    def publish(self, topic: str, partition: int, value: bytes, produced: int, name: str | None = None) -> None:
        """Append a record."""
        log = self.logs[topic, partition]
        log.values.append(value)
        log.ids.append(name)
        log.produced.append(produced)

    def run(self, *, crash: float = 0.0) -> None:
        """Take random steps until all is read, told and committed; each step crashes a lane with a probability."""
        while not self._is_done():
            lane = self.chance.choice(self.lanes)
            if self.chance.random() < crash:
                self._crash(lane)
            elif self.chance.random() < 2 * crash:
                self._follow(lane, self.chance.randint(0, 30))
            elif self.chance.random() < crash / 4:
                self._hand_over(lane)
            elif self.chance.random() < 0.3:
                self._commit(lane)
            else:
                self._feed(lane, self.chance.choice(lane.spec.topics))

    def _is_done(self) -> bool:
        return all(
            not lane.sends
            and set(lane.spec.topics) <= lane.told_idle
            and all(lane.committed.get(t, 0) == len(self.logs[t, lane.partition].values) for t in lane.spec.topics)
            for lane in self.lanes
        )

    def _feed(self, lane: Lane, topic: str) -> None:
        log, start = self.logs[topic, lane.partition], lane.position.get(topic, 0)
        end = min(len(log.values), start + self.chance.randint(1, 40))
        if end == start:
            if topic not in lane.told_idle:
                lane.told_idle.add(topic)
                self._queue(lane, lane.stage.idle(topic, now=NOW))
            return
        lane.told_idle.discard(topic)
        piece = Slice(
            topic=topic,
            partition=lane.partition,
            offset=np.arange(start, end),
            produced=np.array(log.produced[start:end], np.int64),
            values=log.values[start:end],
            next_offset=end,
        )
        lane.position[topic] = end
        self._queue(lane, lane.stage.feed(piece, now=NOW))

    def _queue(self, lane: Lane, output: Output) -> None:
        for record in output.records:
            if record.id is None or record.id not in lane.known:
                partition = lane.partition if record.partition is None else record.partition
                lane.sends.append(((record.topic, partition), record.value, record.id))

    def _deliver(self, lane: Lane, count: int) -> None:
        for (topic, partition), value, name in lane.sends[:count]:
            self.publish(topic, partition, value, 0, name)
        del lane.sends[:count]

    def _commit(self, lane: Lane, *, rows_written: float = 1.0, checkpoint_written: bool = True) -> None:
        """Snapshot, then sends, then rows, then the checkpoint, then offsets; may be cut short at any of them."""
        at = lane.stage.resume_at()
        if all(at.get(topic, 0) >= end for topic, end in lane.repeated_until.items()):
            lane.written = {t: len(self.logs[t, lane.partition].values) for t in lane.spec.outputs}
        lane.stage.mark(written=lane.written)
        keys, values = lane.stage.state.take_dirty()
        checkpoint, offsets = lane.stage.state.checkpoint, lane.stage.resume_at()
        self._deliver(lane, len(lane.sends))
        rows = list(zip(keys, values, strict=True))
        lane.changelog += rows[: round(rows_written * len(rows))]
        if rows_written == 1.0 and checkpoint_written:
            lane.checkpoint = checkpoint
            lane.committed.update(offsets)

    def _crash(self, lane: Lane) -> None:
        """Die somewhere: between sends, within the rows, before the checkpoint; then start again from what is durable.

        What a topic held when it was last read may come again until all that was readable then has been read again.
        """
        moment = self.chance.randrange(3)
        if moment == 0:
            self._deliver(lane, self.chance.randint(0, len(lane.sends)))
        elif moment == 1:
            self._commit(lane, rows_written=self.chance.random())
        else:
            self._commit(lane, checkpoint_written=False)
        lane.sends.clear()
        if self.chance.random() < 0.5:  # no standby: a worker that is new
            lane.standby, lane.followed = lane.spec.factory(lane.partition), 0
        self._follow(lane, len(lane.changelog))
        lane.stage, lane.standby, lane.followed = lane.standby, lane.spec.factory(lane.partition), 0
        self._begin_again(lane)

    def _hand_over(self, lane: Lane) -> None:
        """Give the lane to the standby in order, and keep what was fed so far as the next one."""
        self._commit(lane)
        self._follow(lane, len(lane.changelog))
        lane.stage, lane.standby, lane.followed = lane.standby, lane.stage, len(lane.changelog)
        self._begin_again(lane)

    def _follow(self, lane: Lane, count: int) -> None:
        rows = lane.changelog[lane.followed : lane.followed + count]
        lane.standby.state.load([key for key, _ in rows], [value for _, value in rows])
        lane.followed += len(rows)

    def _begin_again(self, lane: Lane) -> None:
        lane.stage.state.checkpoint = lane.checkpoint
        lane.written = lane.stage.restore()
        lane.repeated_until = {t: len(self.logs[t, lane.partition].values) for t in lane.spec.topics}
        lane.position = dict(lane.committed)
        lane.told_idle.clear()
        lane.known = {
            name
            for topic in lane.spec.outputs
            for name in self.logs[topic, lane.partition].ids[lane.written.get(topic, 0) :]
            if name is not None
        }
