"""Faust's consumer with slices for messages, and with what goes wrong around its rebalances mended.

The mended faults are those of Faust 0.15.3, numbered here and where else they are mended:

1. ``on_partitions_revoked`` forgets the acks of revoked partitions before the final commit, so that their records are
   processed again by the next owner. Offsets to commit come from the stages here, not from acks, and are forgotten
   only after the next assignment (``delivery``).
2. ``commit`` while the timer's commit runs waits for that one and returns, without what came meanwhile: see
   ``commit_and_end_transactions``.
3. Streams are resumed before the seek, and queues cleared after it: see ``_getmany``.
4. Slices fetched before a seek are stale: see ``is_fresh`` and ``FetchThread.epochs``.
5. ``seek_to_committed`` awaits between partitions and skips those without a commit: see ``FetchThread``.
6. Gaps in offsets are added to the list of acks one by one. Sources have acks off (``app``): no such list is kept.
7. Changelogs kept warm for another worker (standbys) are read while queues are still being cleared, so that slices of
   them get lost, and sought to their beginning with the sources: see ``_is_wanted`` and ``tables.ChangelogQueue``.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message

from stream.agents.fetch import Fetched, FetchThread, Round, in_rounds
from stream.agents.silence import Answer

_RETRY_SECONDS = 0.005  # before looking again whether a partition may be read


class SliceConsumer(driver.Consumer):
    """Hands rounds of slices to the conductor, and commits what ``app.delivery`` made durable."""

    _thread: FetchThread

    def _new_consumer_thread(self) -> FetchThread:
        return FetchThread(self, loop=self.loop, beacon=self.beacon)

    async def committed(self, partitions: Iterable[TP]) -> dict[TP, int | None]:
        """Look up the committed offsets of the group; None where there is none."""
        return await self._thread.committed(partitions)

    async def is_member(self) -> bool:
        """Ask the group's coordinator whether it still counts us among its members, of the present generation."""
        return await self._thread.is_member()

    def answer_of(self, tp: TP) -> Answer | None:
        """What the broker said of the partition's end at the latest fetch; None before the first."""
        return self._thread.answer_of(tp)

    def _to_message(self, tp: TP, record: Fetched | Round) -> ConsumerMessage:
        records = (record if isinstance(record, Fetched) else record[0]).records
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            records.next_offset - 1,  # Faust takes it for the record's own: recovery and read positions count on it
            records.produced[-1] / 1000.0 if len(records) else 0.0,
            0,
            (),
            None,
            record,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    # -- fetching --------------------------------------------------------------

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:  # noqa: ASYNC109  Faust's
        # Faust sleeps a whole second while back-pressure holds every partition
        if self.flow_active and not self._get_active_partitions():
            await self.sleep(_RETRY_SECONDS)
            return {}, self._get_active_partitions()
        return await super()._wait_next_records(timeout)

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109  Faust's signature
    ) -> Mapping[TP, Sequence[Fetched] | Sequence[Round]]:
        # Fault 3: Faust resumes source partitions before it seeks them, and clears its queues after, while the flow
        # is on since recovery: records fetched in between are delivered twice or dropped.
        wanted = active_partitions or set()
        if self.app.rebalancing:
            wanted = {tp for tp in wanted if self._is_wanted(tp)}
            timeout = min(timeout, 0.1)
        if not wanted:
            await self.sleep(_RETRY_SECONDS)
            return {}
        fetched = await self._thread.getmany(wanted, timeout)
        sources = {tp: slices for tp, slices in fetched.items() if not self._is_changelog_tp(tp)}
        return {tp: slices for tp, slices in fetched.items() if tp not in sources} | in_rounds(sources)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109  Faust's
        """Yield what is not stale (fault 4)."""
        async for tp, message in super().getmany(timeout):
            if not self._is_changelog_tp(tp) or self.is_fresh(tp, message.value):  # a round is looked at slice by slice
                yield tp, message

    def is_fresh(self, tp: TP, fetched: Fetched) -> bool:
        """Say whether nothing was sought since the slice was fetched, nor is about to be.

        A fetch that was under way when a rebalance began may end in the middle of it, before the seek.
        """
        return self._is_wanted(tp) and fetched.epoch == self._thread.epochs[tp]

    def _is_wanted(self, tp: TP) -> bool:
        """Until a rebalance has ended, read the changelogs of what we take over only; then sources and standbys."""
        if self._is_changelog_tp(tp):
            assignor = self.app.assignor
            return bool(assignor.is_active(tp) if self.app.rebalancing else assignor.is_standby(tp))
        return not self.app.rebalancing

    def pause_partitions(self, tps: Iterable[TP]) -> None:
        """Stop fetching; changelogs, which stay paused while we write them, truly."""
        super().pause_partitions(tps)
        self._thread.hold([tp for tp in tps if self._is_changelog_tp(tp)], is_held=True)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Go on fetching."""
        super().resume_partitions(tps)
        self._thread.hold([tp for tp in tps if self._is_changelog_tp(tp)], is_held=False)

    # -- committing ------------------------------------------------------------

    def stop_flow(self) -> None:
        """Stop feeding the stages too: what is in their queues will be fetched again, maybe by another worker."""
        self.app.delivery.close()
        super().stop_flow()

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002
        """Make alerts durable, then state, then commit; a failure ends the worker and commits nothing."""
        try:
            offsets = await self.app.delivery.settle(self)
        except Exception as error:  # noqa: BLE001  whatever it is, offsets must not pass it
            await self.app.fail(error)
            return False
        if not offsets:
            return False
        is_done = await self._commit_offsets(offsets)
        if not is_done:  # the group has gone on without us: what we remember may be behind the next owner's
            self.app.delivery.distrust()
        return is_done

    async def commit_and_end_transactions(self) -> None:
        """Commit all there is; fault 2: not only what a commit under way happens to hold."""
        while await self.maybe_wait_for_commit_to_finish():
            pass
        await self.commit(start_new_transaction=False)
