"""The Faust table of a stage: its rows are the stages' own, recovered from the changelog slice by slice."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import faust
from faust.stores.base import Store
from faust.tables.manager import TableManager
from faust.types import TP, EventT, StoreT, TopicT
from mode.utils.queues import ThrowableQueue

from stream.agents.fetch import Fetched
from stream.agents.lane import Lane
from stream.agents.observer import Observer
from stream.agents.spec import StageSpec, changelog_topic
from stream.errors import StreamError, WeirError

CHECKPOINT = b"\x00weir/checkpoint"  # key of the checkpoint row; no printable id begins with a zero byte
_URL = "lanes://"
_QUEUED_SLICES = 64
_HELD_BYTES = 256 << 20  # of rows read but not loaded yet, over all partitions of a table
_WARM_BYTES = 1 << 20  # the same of standbys: little at a time, since whoever keeps them has events of its own to score
_LOADED_ROWS = 65_536  # at a time: the loading of many at once is quicker, and copies their bytes


class SliceSchema(faust.Schema):
    """Leaves a slice as it is: the stages decode."""

    def loads_key(self, app: Any, message: Any, **options: Any) -> Any:  # noqa: ARG002
        """Return nothing: a slice has many keys."""
        return None

    def loads_value(self, app: Any, message: Any, **options: Any) -> Any:  # noqa: ARG002
        """Return the slice."""
        return message.value


class LaneStore(Store[bytes, bytes]):
    """Lanes by partition: those fed here, and those kept warm for another worker.

    A changelog that is not compacted yet holds the same key many times: what is read is held by key until it is
    needed or much, so that most old values are never loaded.

    failure      what recovery failed with: Faust would log it and go on without the rows
    read         records of changelogs read since partitions were assigned last
    assigned_at  when that was, ``time.monotonic`` seconds
    """

    def __init__(self, url: Any, app: Any, table: Any, **options: Any) -> None:
        super().__init__(url, app, table, **options)
        self.spec: StageSpec = table.spec
        self._observer: Observer = table.observer
        self.lanes: dict[int, Lane] = {}
        self.applied: dict[int, int] = {}
        self.failure: Exception | None = None
        self.read = 0
        self.assigned_at = time.monotonic()
        self._distrusted = False
        self._held: dict[int, dict[bytes, bytes | None]] = {}
        self._checkpoint_at: dict[int, int] = {}
        self._held_bytes = 0  # at most: a value that was replaced still counts

    def lane(self, partition: int) -> Lane:
        """Return the lane of a partition, made on first use, with all that was read of its changelog.

        Raises StreamError for a row that can't be read.
        """
        if partition not in self.lanes:
            self.lanes[partition] = Lane(self.spec, partition, self.spec.factory(partition))
        rows = self._held.pop(partition, None)
        if rows is not None:
            try:
                _load(self.lanes[partition], rows)
            except Exception as error:
                reason = str(error) if isinstance(error, WeirError) else type(error).__name__
                raise StreamError(f"changelog of {self.spec.name}-{partition} can't be read: {reason}") from error
            self.lanes[partition].log_end = self.applied[partition] + 1
            self.lanes[partition].loaded_at = self._checkpoint_at.get(partition)
        return self.lanes[partition]

    def distrust(self) -> None:
        """Read every lane anew after the next rebalance: what is in memory may not be what others go on from."""
        self._distrusted = True

    def persisted_offset(self, tp: TP) -> int | None:
        """Last changelog offset the lane reflects: Faust's in-memory store would read all anew on every rebalance."""
        return self.applied.get(tp.partition, -1)  # never None: Faust would go on from the recovery before

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Remember what the lane reflects."""
        self.applied[tp.partition] = max(offset, self.applied.get(tp.partition, -1))

    def apply_changelog_batch(self, batch: Iterable[EventT], to_key: Any, to_value: Any) -> None:  # noqa: ARG002
        """Hold slices of the changelog; load them once they are much."""
        for event in batch:
            fetched: Fetched = event.value
            tp = event.message.tp
            if fetched.records.next_offset <= self.applied.get(tp.partition, -1) + 1:
                continue  # our own, read back
            try:
                self._hold(fetched)
                self.set_persisted_offset(tp, fetched.records.next_offset - 1)
                self._load_if_much()
            except Exception as error:  # noqa: BLE001  raised by ``Delivery.restore`` before anything is fed
                self.failure = self.failure or error
            self._observer.recovering(stage=self.spec.name, partition=fetched.records.partition)

    def _hold(self, fetched: Fetched) -> None:
        if None in fetched.keys:
            raise StreamError(f"changelog of {self.spec.name}: expected a key on every record, one has none")
        expected = self.applied.get(fetched.records.partition, -1) + 1
        if 0 < expected < fetched.first:
            raise StreamError(
                f"changelog of {self.spec.name}-{fetched.records.partition}: expected offset {expected}, the next one "
                f"read is {fetched.first}: rows are missing"
            )
        values = fetched.records.values
        self.read += len(values)
        held = self._held.setdefault(fetched.records.partition, {})
        held.update(zip(fetched.keys, values, strict=True))  # type: ignore[arg-type]  # none is None: see above
        if CHECKPOINT in fetched.keys:
            last = len(values) - 1 - fetched.keys[::-1].index(CHECKPOINT)
            self._checkpoint_at[fetched.records.partition] = int(fetched.records.offset[last])
        self._held_bytes += sum(map(len, filter(None, values)))

    def _load_if_much(self) -> None:
        if self._held_bytes > (_HELD_BYTES if self.app.rebalancing else _WARM_BYTES):
            for partition in list(self._held):
                self.lane(partition)
            self._held_bytes = 0

    async def on_rebalance(
        self,
        assigned: set[TP],  # noqa: ARG002  Faust's signature
        revoked: set[TP],
        newly_assigned: set[TP],  # noqa: ARG002
        generation_id: int = 0,  # noqa: ARG002
    ) -> None:
        """Forget the lanes of partitions that went elsewhere."""
        self.read, self.assigned_at = 0, time.monotonic()
        topic = self.table.changelog_topic_name
        lost = {tp.partition for tp in revoked if tp.topic == topic}
        if self._distrusted:
            lost, self._distrusted = set(self.lanes), False
        for partition in lost:
            self.lanes.pop(partition, None)
            self.applied.pop(partition, None)
            self._held.pop(partition, None)
            self._checkpoint_at.pop(partition, None)

    # What Faust's mapping interface asks for; the rows are the stages' alone.

    def reset_state(self) -> None:
        """Keep all: Faust calls it for tables it will recover from the start, which this one never is."""

    async def backup_partition(self, *args: Any, **options: Any) -> None:
        """Refuse: the changelog is the backup."""
        raise NotImplementedError

    def restore_backup(self, *args: Any, **options: Any) -> None:
        """Refuse: the changelog is the backup."""
        raise NotImplementedError

    def __getitem__(self, key: bytes) -> bytes:
        raise KeyError(key)

    def __setitem__(self, key: bytes, value: bytes) -> None:
        raise TypeError("rows are changed by their stage alone")

    def __delitem__(self, key: bytes) -> None:
        raise TypeError("rows are changed by their stage alone")

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def __len__(self) -> int:
        return sum(len(lane.stage.state) for lane in self.lanes.values())


def _load(lane: Lane, rows: dict[bytes, bytes | None]) -> None:
    """Put the last values of some keys into a lane's stage."""
    state = lane.stage.state
    if CHECKPOINT in rows:
        state.checkpoint = rows.pop(CHECKPOINT) or b""
    left = iter(rows.items())
    while part := dict(islice(left, _LOADED_ROWS)):
        state.load(list(part), list(part.values()))


class StageTable(faust.Table):
    """The table of one kind of stage; ``data`` is its ``LaneStore``."""

    def __init__(self, app: Any, spec: StageSpec, observer: Observer) -> None:
        self.spec, self.observer = spec, observer
        super().__init__(
            app,
            name=spec.name,
            help=f"State of the stage {spec.name}.",
            partitions=app.weir.kafka.partitions,
            key_type=bytes,
            value_type=bytes,
            recovery_buffer_size=2,  # slices; with 1 Faust goes on reading its own changelog for ever
            standby_buffer_size=1,
        )

    def _new_store(self) -> StoreT:
        # ``Table(store="lanes://")`` would be silently ignored: a URL without host is falsy
        return LaneStore(_URL, self.app, self, loop=self.loop)

    def _changelog_topic_name(self) -> str:
        return changelog_topic(self.app.weir, self.spec.name)

    def _new_changelog_topic(self, **options: Any) -> TopicT:  # noqa: ARG002  it exists: ``topics`` made it
        return self.app.topic(
            self._changelog_topic_name(),
            schema=SliceSchema(),
            partitions=self.partitions,
            acks=False,
            internal=True,
            allow_empty=True,
            maxsize=_QUEUED_SLICES,
        )


class ChangelogQueue(ThrowableQueue[EventT]):
    """Slices of changelogs on their way to recovery, which takes any offset it sees for read: stale ones are dropped.

    One that waited for room while a rebalance emptied the queue before it comes after a gap.
    """

    def __init__(self, app: Any) -> None:
        super().__init__(app.conf.stream_buffer_maxsize, flow_control=app.flow_control, clear_on_resume=True)
        self._app = app

    async def get(self) -> EventT:
        """Wait for the next slice that is not stale."""
        while True:
            event: EventT = await super().get()
            if self._app.consumer.is_fresh(event.message.tp, event.value):
                return event


class PromptTableManager(TableManager):
    """Faust's own, without the second it waits at every start for tables that are added late: ours are all there."""

    _changelog_queue: ThrowableQueue[EventT] | None

    @property
    def changelog_queue(self) -> ThrowableQueue[EventT]:
        """Queue of all changelogs."""
        if self._changelog_queue is None:
            self._changelog_queue = ChangelogQueue(self.app)
        return self._changelog_queue

    async def on_start(self) -> None:
        """Register the changelogs and begin to recover."""
        await self._update_channels()
        await self.recovery.start()
