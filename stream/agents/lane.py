"""A lane: one stage on one partition, with what the agents must remember beside it. Nothing here awaits."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from stream.agents.outbox import Outbox, Publisher
from stream.agents.silence import Answer, Silence
from stream.agents.spec import StageSpec
from stream.core.stage import Output, Stage
from stream.errors import StreamError, WeirError
from stream.logs import tell_alerts
from stream.wire.codec import dead_letter
from stream.wire.columns import Rejected
from stream.wire.records import Outgoing, Slice, unread

log = logging.getLogger("weir.agents")

CHANGELOG = "changelog"  # among what a checkpoint says was written: the offset it can't stand before


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A stage at one instant: what must be durable, in this order, before ``offsets`` may be committed.

    sends       outbox → how many of its records, first of all
    keys, rows  changed since the last snapshot (None: deleted); then the checkpoint, which vouches for them
    offsets     topic → next offset to read
    """

    sends: dict[Outbox, int]
    keys: Sequence[bytes]
    rows: Sequence[bytes | None]
    checkpoint: bytes
    offsets: dict[str, int]


class Lane:
    """One stage on one partition.

    position   topic → next offset to be fed
    changed    since the last snapshot
    log_end    next offset of its changelog, as far as is known
    loaded_at  offset of the checkpoint it was loaded with; None: it has made its own since, or there was none
    """

    def __init__(self, spec: StageSpec, partition: int, stage: Stage) -> None:
        self.spec, self.partition, self.stage = spec, partition, stage
        self.position: dict[str, int] = {}
        self.changed = False
        self.log_end = 0
        self.loaded_at: int | None = None
        self._written: dict[str, int] = {}
        self._tails: dict[str, int] = {}
        self._published: dict[str, set[str]] = {}
        self._repeats_until: dict[str, int] = {}
        self._sends: dict[Outbox, int] = {}
        self._silence: dict[str, Silence] = {}

    def resume(
        self,
        *,
        position: dict[str, int],
        ends: dict[str, int],
        written: dict[str, int],
        tails: dict[str, int],
        published: dict[str, set[str]],
    ) -> None:
        """Begin again after ``stage.restore``.

        position   topic → offset the consumer goes on from
        ends       topic → offset after its last record: what is published may come again until all is done up to here
        written    output topic → offset from which its tail was read
        tails      output topic → offset up to which
        published  output topic → ids found there, which are not published again
        """
        self.position = position
        self._written, self._tails = written, tails
        self._published, self._repeats_until = published, ends
        self._sends = {}
        self._silence = {topic: Silence(time.monotonic()) for topic in self.spec.topics}
        self.changed = False

    def feed(self, first: int, records: Slice) -> Output:
        """Feed a slice; a record on which the stage fails becomes a dead letter, the others are fed.

        first    offset at which its fetch began
        records  those below ``position`` are left out
        Raises StreamError where records between the last slice and this one are missing.
        """
        expected = self.position[records.topic]
        if first > expected:
            raise StreamError(
                f"{records.topic}-{records.partition}: expected offset {expected}, the next one there is {first}: "
                "records were deleted before they were read. To accept the loss, set the group's offset there"
            )
        records = unread(records, expected)
        now = time.time_ns() // 1_000_000
        try:
            output = self.stage.feed(records, now=now)
        except WeirError:  # a fault that no record is to blame for: the worker ends
            raise
        except Exception as error:  # noqa: BLE001  the one border where a poison record becomes a dead letter
            log.warning(
                "event=slice_failed stage=%s topic=%s partition=%d offset=%d records=%d error=%s",
                self.spec.name,
                records.topic,
                records.partition,
                first,
                len(records),
                type(error).__name__,
            )
            output = self._feed_singly(records, now)
        self.position[records.topic] = max(expected, records.next_offset)
        self._silence[records.topic].hear(records.produced, is_news=output.is_news, now=time.monotonic())
        self.changed = True
        return output

    def silence(self, idle_seconds: float, answer_of: Callable[[str], Answer | None]) -> Output | None:
        """Tell the stage, once per silence, of a topic that brought no event for so long.

        answer_of  topic → what its broker last said, None where it said nothing yet
        -> what the stage made of it, None where there is nothing to tell
        """
        now = time.monotonic()
        for topic, silence in self._silence.items():
            if silence.is_told:
                continue
            if not silence.lasts(idle_seconds, answer_of(topic), read_to=self.position[topic], now=now):
                continue
            silence.is_told = True
            self.changed = True
            return self.stage.idle(topic, now=time.time_ns() // 1_000_000)
        return None

    def publish(self, output: Output, publisher: Publisher) -> int:
        """Queue what was made, but what stands on its topic already; returns how many records that spared."""
        records = output.records
        if not records:
            return 0
        fresh = [record for record in records if record.id is None or self._is_new(record)]
        tell_alerts(log, fresh)
        for outbox in publisher.put(fresh):
            self._sends[outbox] = outbox.queued
        return len(records) - len(fresh)

    def snapshot(self, publisher: Publisher) -> Snapshot:
        """Take the stage as it stands: queued sends, changed rows, checkpoint and offsets, all of one instant."""
        if self._repeats_until and self._has_caught_up():
            self._repeats_until = {}
            self._published = {topic: set() for topic in self.spec.outputs}
        if not self._repeats_until:
            for topic in self.spec.outputs:
                after = publisher.outbox(publisher.prefix + topic, self.partition).next_offset
                self._written[topic] = max(after or 0, self._tails[topic], self._written[topic])
        keys, rows = self.stage.state.take_dirty()
        self.stage.mark(written=self._written | {CHANGELOG: self.log_end + len(keys)})
        sends, self._sends = self._sends, {}
        self.changed = False
        return Snapshot(
            sends=sends,
            keys=keys,
            rows=rows,
            checkpoint=self.stage.state.checkpoint,
            offsets=self.stage.resume_at(),
        )

    def _has_caught_up(self) -> bool:
        """All that a predecessor may have published is done again: only then may its ids be forgotten."""
        done = self.stage.resume_at()
        return all(done.get(topic, 0) >= end for topic, end in self._repeats_until.items())

    def _is_new(self, record: Outgoing) -> bool:
        if record.topic not in self._published or record.partition != self.partition:
            raise StreamError(
                f"stage {self.spec.name}: a record with an id goes to its own partition of one of "
                f"{', '.join(self.spec.outputs)}, not to {record.topic}-{record.partition}"
            )
        return record.id not in self._published[record.topic]

    def _feed_singly(self, records: Slice, now: int) -> Output:
        """Feed record by record; the stages check before they change anything, so the others are fed as usual."""
        output = Output(is_news=False)
        for place in range(len(records)):
            single = _one(records, place)
            try:
                _add(output, self.stage.feed(single, now=now))
            except WeirError:
                raise
            except Exception as error:  # noqa: BLE001  as above
                culprit = _culprit(single, error)
                log.warning(
                    "event=record_refused stage=%s topic=%s partition=%d offset=%d reason=%s error=%s",
                    self.spec.name,
                    culprit.topic,
                    culprit.partition,
                    culprit.offset,
                    culprit.reason,
                    type(error).__name__,
                )
                output.records.append(dead_letter(culprit))
                output.counts["dead_lettered", culprit.reason] += 1
                output.counts["events_in", culprit.topic] += 1
        _add(output, self.stage.feed(_one(records, len(records)), now=now))  # empty: passes a culprit at the end
        return output


def _one(records: Slice, place: int) -> Slice:
    """Cut one record out, or what is left behind the last one."""
    end = place + 1
    is_end = end > len(records)
    return Slice(
        topic=records.topic,
        partition=records.partition,
        offset=records.offset[place:end],
        produced=records.produced[place:end],
        values=records.values[place:end],
        next_offset=records.next_offset if is_end else int(records.offset[place]) + 1,
    )


def _culprit(single: Slice, error: Exception) -> Rejected:
    return Rejected(
        topic=single.topic,
        partition=single.partition,
        offset=int(single.offset[0]),
        produced=int(single.produced[0]),
        size=len(single.values[0] or b""),
        reason="crashed_stage",
        detail=type(error).__name__,
    )


def _add(total: Output, part: Output) -> None:
    total.records += part.records
    total.counts += part.counts
    total.scored = np.concatenate([total.scored, part.scored])
    total.alerted = np.concatenate([total.alerted, part.alerted])
    total.figures |= part.figures
    total.is_news |= part.is_news
