"""Second stage of a payment: where its terminal lives, it gets the terminal's features, scores, perhaps an alert."""

import logging
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from models.detector import Detector
from stream.core.both_sides import at_terminals, side_by_side
from stream.core.checkpoint import Checkpoint
from stream.core.layout import Packed
from stream.core.merge import Bound, Merge, Merged, MergeState, initial
from stream.core.names import CUSTOMER_FEATURES
from stream.core.payment_alerts import PaymentAlerts
from stream.core.sampling import LAYOUT, chosen, pack_features
from stream.core.scoring import Scored, Scorer
from stream.core.shuffle import VERDICT, unpack
from stream.core.stage import Output, changing_state
from stream.core.swap import OWN, Models, swap_in
from stream.core.terminal_state import TerminalState
from stream.errors import ModelError
from stream.settings import Settings
from stream.wire.codec import dead_letter, encode
from stream.wire.columns import Ints, Matrix, Rejected
from stream.wire.events import Scores
from stream.wire.records import Outgoing, Slice, unread
from stream.wire.topics import BY_TERMINAL, SCORES, TRANSACTIONS

log = logging.getLogger("weir.models")

Observer = Callable[[Merged, Matrix, Scored], None]
_RECORD = 4096  # events in one ``scores`` record, which keeps it well under 1 MB


class _Checkpoint(Checkpoint, frozen=True):
    next_offset: int
    merge: MergeState
    model: str  # that scores: an artefact's identity, or ``swap.OWN``


def _from_first(body: bytes) -> bytes:
    """Layout 1 had no partition count, though two origins each, and no positions of origins."""
    form = tuple[int, tuple[list[int], list[bool], list[int], Bound], dict[str, int]]
    next_offset, (frontier, idle, received, bound), written = msgspec.msgpack.decode(body, type=form)
    merge = (frontier, idle, [-1] * len(frontier), received, bound)
    return msgspec.msgpack.encode((len(frontier) // 2, written, next_offset, merge))


def _from_second(body: bytes) -> bytes:
    """Layout 2 knew no model but the settings'."""
    return msgspec.msgpack.encode((*msgspec.msgpack.decode(body, type=tuple), OWN))


CHECKPOINT = Packed("terminals checkpoint", _Checkpoint, _from_first, _from_second)


class TerminalStage:
    """Implements ``Stage`` for the internal topic.

    partition  of the internal topic
    detectors  run on every payment; none: features only
    observe    is shown the payments scored, their features and scores: training and ``explain`` listen here
    models     where other detectors than these come from, once an order to change stands on the topic
    """

    topics = (BY_TERMINAL.name,)

    def __init__(
        self,
        partition: int,
        settings: Settings,
        detectors: Sequence[Detector],
        observe: Observer | None = None,
        models: Models | None = None,
    ) -> None:
        self._partition = partition
        self._settings = settings
        self._partitions = settings.kafka.partitions
        self._observe = observe
        self._merge = Merge(2 * self._partitions, len(CUSTOMER_FEATURES))
        self._next_offset = 0
        limits = settings.payments
        self.state = TerminalState(max_history=limits.max_history, max_late_ms=1000 * limits.max_late_seconds)
        self._models = models or Models(own=detectors)
        self._serve(OWN, self._models.own)

    def feed(self, records: Slice, *, now: int) -> Output:
        """Merge the blocks of a slice and score what may be released."""
        fresh = unread(records, self._next_offset)
        output = Output()
        with changing_state("terminals"):
            for offset, value in zip(fresh.offset.tolist(), fresh.values, strict=True):
                model = None if value is None else swap_in(value)
                if model is not None:
                    self._swap(model, offset, output, now)
                elif value is not None:
                    self._merge.add(unpack(value), offset)
            self._next_offset = max(self._next_offset, records.next_offset)
            self._release(output, now)
        return output

    def _release(self, output: Output, now: int) -> None:
        merged = self._merge.release()
        if merged is not None:
            self._judge(merged, output, now)

    def _swap(self, model: str, offset: int, output: Output, now: int) -> None:
        """Change the model: what the records before could release is scored by the one before.

        So which payment has which model is a function of the topic alone. One that can't be loaded is passed over.
        """
        self._release(output, now)
        detectors = None if model == self._model else self._models.of(model)
        if detectors is None:
            return
        log.warning(
            "event=model_swapped partition=%d offset=%d from=%s to=%s",
            self._partition,
            offset,
            self._model or "settings",
            model or "settings",
        )
        self._serve(model, detectors)

    def _serve(self, model: str, detectors: Sequence[Detector]) -> None:
        self._model = model
        self._scorer = Scorer(detectors)
        self._alerts = PaymentAlerts(self._partition, self._settings, self._scorer, self.state.cooldowns)

    def idle(self, topic: str, *, now: int) -> Output:  # noqa: ARG002
        """Nothing: that an origin is idle is told by its blocks."""
        return Output()

    def resume_at(self) -> dict[str, int]:
        """Before the oldest record of which an event still waits."""
        return {BY_TERMINAL.name: self._merge.resume_point(self._next_offset)[0]}

    def mark(self, *, written: dict[str, int]) -> None:
        """Write the checkpoint."""
        offset, merge = self._merge.resume_point(self._next_offset)
        self.state.checkpoint = CHECKPOINT.pack(_Checkpoint(self._partitions, written, offset, merge, self._model))

    def restore(self) -> dict[str, int]:
        """Go on from the checkpoint, with the model that scored last. Raises ModelError where it is not to be had."""
        blob, partitions = self.state.checkpoint, self._partitions
        first = _Checkpoint(partitions, {}, 0, initial(2 * partitions), self._models.first)
        at = CHECKPOINT.unpack(blob) if blob else first
        at.check("terminals", partitions)
        detectors = self._models.of(at.model)
        if detectors is None:
            raise ModelError(f"model {at.model}: expected to load, as it did before: see the log")
        self._serve(at.model, detectors)
        self._next_offset = at.next_offset
        self._merge.restore(at.merge)
        return dict(at.written)

    def _judge(self, merged: Merged, output: Output, now: int) -> None:
        kind = merged.origin % 2
        columns = at_terminals(self.state.terminals, merged)
        losses = self.state.terminals.losses()
        output.counts.update({(what, "terminals"): lost for what, lost in losses.items() if lost})
        rows = np.flatnonzero((kind != VERDICT) & columns.fresh)
        output.counts["scored", "labels"] += int(np.count_nonzero(columns.fresh)) - rows.size
        if not rows.size:
            return
        x = side_by_side(merged.features[rows], columns.features[rows])
        scored = self._scorer.score(x)
        if scored.failed:
            stand = self._set_aside(merged, rows, scored, output)
            rows, x, scored = rows[stand], x[stand], scored.only(stand)
        held = self._alerts.tell(merged, rows, x, scored, output, now)
        self._publish_scores(merged, rows, x, scored, held, output)
        for (detector, call), times in self._scorer.take_failures().items():
            output.counts["detector_failures", detector, call] += times
        output.counts["scored", "payments"] += rows.size
        output.scored = np.concatenate((output.scored, merged.produced[rows]))
        if self._observe is not None:
            self._observe(merged.take(rows), x, scored)

    def _set_aside(self, merged: Merged, rows: Ints, scored: Scored, output: Output) -> Ints:
        """Make dead letters of the payments that a detector can't score; returns which of ``rows`` still stand.

        Their terminals remember them all the same: what one detector can't bear is part of every later one's history.
        """
        for row, fault in scored.failed.items():
            i = int(rows[row])
            rejected = Rejected(
                topic=TRANSACTIONS.name,
                partition=int(merged.origin[i]) // 2,
                offset=int(merged.offset[i]),
                produced=int(merged.produced[i]),
                size=0,
                reason="detector_failed",
                detail=fault,
            )
            output.records.append(dead_letter(rejected, partition=self._partition))
        output.counts["dead_lettered", "detector_failed"] += len(scored.failed)
        return np.setdiff1d(np.arange(rows.size), list(scored.failed))

    def _publish_scores(
        self, merged: Merged, rows: Ints, x: Matrix, scored: Scored, held: list[int], output: Output
    ) -> None:
        detectors = self._scorer.detectors
        if not detectors:
            return
        partitions, offsets, ats = merged.origin[rows] // 2, merged.offset[rows], merged.at[rows]
        ids = [merged.id[i] for i in rows.tolist()]
        for start in range(0, rows.size, _RECORD):
            cut = slice(start, start + _RECORD)
            sample = chosen(offsets[cut])
            record = Scores(
                partitions=partitions[cut].tolist(),
                offsets=offsets[cut].tolist(),
                ids=ids[cut],
                at=ats[cut].tolist(),
                detectors={name: column[cut].tolist() for name, column in scored.scores.items()},
                versions={detector.name: detector.version for detector in detectors},
                thresholds={detector.name: detector.threshold for detector in detectors},
                held=[row - start for row in held if start <= row < start + _RECORD],
                spared={name: _within(those, start) for name, those in scored.spared.items()},
                sample=sample.tolist(),
                features=pack_features(x[start + sample]),
                layout=LAYOUT,
            )
            output.records.append(Outgoing(topic=SCORES.name, value=encode(record), partition=self._partition))


def _within(rows: Ints, start: int) -> list[int]:
    """Positions in the record that begins at row ``start``."""
    return (rows[(rows >= start) & (rows < start + _RECORD)] - start).tolist()
