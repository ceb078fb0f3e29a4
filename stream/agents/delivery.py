"""Delivery: lanes are fed, and what they made becomes durable in order: alerts, then state, then offsets."""

import asyncio
import logging
import time
from collections.abc import Iterable
from functools import partial

from faust.types import TP

from stream.agents.consumer import SliceConsumer
from stream.agents.fetch import Fetched
from stream.agents.lane import Lane
from stream.agents.observer import Observer
from stream.agents.outbox import Publisher
from stream.agents.restoring import partitions_of, require_same, resume
from stream.agents.silence import Answer
from stream.agents.spec import changelog_topic
from stream.agents.tables import CHECKPOINT, LaneStore
from stream.core.stage import Output
from stream.settings import Settings

log = logging.getLogger("weir.agents")

_RETRY_SECONDS = 0.1


class Delivery:
    """Everything between Faust and the stages of one worker.

    stores  one per spec
    """

    def __init__(
        self, settings: Settings, stores: Iterable[LaneStore], publisher: Publisher, observer: Observer
    ) -> None:
        self._settings = settings
        self._stores = {topic: store for store in stores for topic in store.spec.topics}
        self._publisher = publisher
        self._observer = observer
        self._lanes: dict[tuple[str, int], Lane] = {}  # by topic and partition
        self._is_open = False
        self._has_failed = False
        self._closings = 0

    # -- assignment ------------------------------------------------------------

    async def restore(self, assigned: set[TP], consumer: SliceConsumer) -> None:
        """Let the lanes of the assigned partitions go on from their checkpoints, and open.

        Raises StreamError where state is missing or can't be read.
        """
        self._lanes = {}
        closings = self._closings
        lanes: list[Lane] = []
        for store in self._all_stores():
            if store.failure is not None:
                raise store.failure
            lanes += [store.lane(p) for p in sorted(partitions_of(store.spec, assigned, self._settings))]
        # First the fence, then the proof that nobody has come after us, then what predecessors have published: so none
        # of them can add to it, and a worker that slept through a rebalance takes nothing away from its successor.
        await self._publisher.take_over(sorted({lane.partition for lane in lanes}), self._settings.kafka.group)
        while not self._is_over(closings) and not await consumer.is_member():  # noqa: ASYNC110  Kafka tells no event
            await asyncio.sleep(_RETRY_SECONDS)
        if self._is_over(closings):
            return
        new = await resume(lanes, consumer, self._settings)
        if self._is_over(closings):
            return
        for lane in new:
            # From its first record on a lane has a checkpoint: that says from where on its alerts are its own, and
            # tells an emptied changelog from a new one.
            await self._settle(lane)
        if not self._is_over(closings):
            self._lanes = {(topic, lane.partition): lane for lane in lanes for topic in lane.spec.topics}
            self._is_open = True
            self._observer.opened(len(self._lanes))

    async def renew(self) -> None:
        """Keep standing what fences us off from predecessors and successors."""
        if self._is_open:
            await self._publisher.renew()

    def _is_over(self, closings: int) -> bool:
        """Whether another rebalance has begun meanwhile: the partitions may not be ours any more."""
        return self._has_failed or self._closings != closings

    def close(self) -> None:
        """Feed nothing until the next ``restore``."""
        self._is_open = False
        self._closings += 1
        self._observer.closed()

    def distrust(self) -> None:
        """Read all state anew at the next ``restore``."""
        for store in self._all_stores():
            store.distrust()

    def fail(self) -> None:
        """Feed and commit nothing any more."""
        self._is_open, self._has_failed = False, True

    # -- feeding ---------------------------------------------------------------

    async def take(self, fetched: Fetched, consumer: SliceConsumer) -> None:
        """Feed one slice and queue what it makes, at one go; then wait while too much is queued."""
        records = fetched.records
        lane = self._lanes.get((records.topic, records.partition))
        tp = TP(self._settings.kafka.named(records.topic), records.partition)
        if lane is None or not self._is_open or not consumer.is_fresh(tp, fetched):
            return  # fetched before a rebalance: whoever owns the partition now fetches it again
        self._observer.taking(stage=lane.spec.name, topic=records.topic, partition=records.partition)
        self._deliver(lane, lane.feed(fetched.first, records))
        await self._publisher.relieved()

    def hear_silence(self, consumer: SliceConsumer) -> None:
        """Tell the lanes of topics that have been silent for ``kafka.idle_ms``."""
        seconds = self._settings.kafka.idle_ms / 1000
        for lane in self._open_lanes():
            output = lane.silence(seconds, partial(self._answer_of, consumer, lane.partition))
            if output is not None:
                self._deliver(lane, output)

    def _answer_of(self, consumer: SliceConsumer, partition: int, topic: str) -> Answer | None:
        return consumer.answer_of(TP(self._settings.kafka.named(topic), partition))

    def _deliver(self, lane: Lane, output: Output) -> None:
        spared = lane.publish(output, self._publisher)
        self._observer.fed(output, stage=lane.spec.name, partition=lane.partition, now=time.time_ns() // 1_000_000)
        if spared:
            self._observer.suppressed(lane.spec.name, spared)

    # -- commit ----------------------------------------------------------------

    async def settle(self, consumer: SliceConsumer) -> dict[TP, int]:
        """Make durable what every lane has done; returns the offsets that may then be committed.

        Each lane's snapshot is of one instant, those of two lanes need not be: they share nothing.
        Raises DeliveryError where Kafka did not take a record.
        """
        offsets: dict[TP, int] = {}
        if self._has_failed:
            return offsets
        lanes = list(dict.fromkeys(self._lanes.values()))
        for lane in lanes:
            self._observe_lag(lane, consumer)
            if lane.changed:
                offsets.update(await self._settle(lane))
        return offsets

    async def _settle(self, lane: Lane) -> dict[TP, int]:
        began = time.monotonic()
        taken = lane.snapshot(self._publisher)
        for outbox, queued in taken.sends.items():
            await outbox.settled(queued)
        changelog = self._publisher.outbox(changelog_topic(self._settings, lane.spec.name), lane.partition)
        changelog.put((key, row, []) for key, row in zip(taken.keys, taken.rows, strict=True))
        changelog.put([(CHECKPOINT, taken.checkpoint, [])])
        await changelog.settled(changelog.queued)
        named = self._settings.kafka.named
        if changelog.next_offset is not None:
            log = TP(changelog.topic, lane.partition)
            require_same(lane, log, least=lane.log_end + len(taken.keys) + 1, end=changelog.next_offset)
            lane.log_end, lane.loaded_at = changelog.next_offset, None
            self._stores[lane.spec.topics[0]].set_persisted_offset(log, changelog.next_offset - 1)
        state = lane.stage.state
        self._observer.committed(
            stage=lane.spec.name,
            partition=lane.partition,
            offsets=taken.offsets,
            keys=len(state),
            nbytes=state.nbytes,
            seconds=time.monotonic() - began,
        )
        # 0 says nothing that no commit does not say, and could not be read once retention has moved the beginning
        return {TP(named(topic), lane.partition): offset for topic, offset in taken.offsets.items() if offset}

    def _observe_lag(self, lane: Lane, consumer: SliceConsumer) -> None:
        for topic in lane.spec.topics:
            answer = self._answer_of(consumer, lane.partition, topic)
            if answer is not None:
                self._observer.lag(topic, lane.partition, max(0, answer.end - lane.position[topic]))

    def _open_lanes(self) -> Iterable[Lane]:
        return dict.fromkeys(self._lanes.values()) if self._is_open else ()

    def _all_stores(self) -> Iterable[LaneStore]:
        return dict.fromkeys(self._stores.values())
