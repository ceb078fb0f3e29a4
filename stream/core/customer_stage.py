"""First stage of a payment: where its customer lives, it gets the customer's features and is sent on to its terminal.

Labels take the same way, untouched, so that one log alone decides in which order the second stage sees both.
"""

from collections import Counter

import msgspec
import numpy as np

from stream.core.checkpoint import Checkpoint
from stream.core.customers import CustomerTable
from stream.core.layout import Packed
from stream.core.merge import NEVER
from stream.core.shuffle import PAYMENT, VERDICT, Block, empty_block, origin_of, split
from stream.core.stage import Output, changing_state
from stream.settings import Settings
from stream.wire.codec import dead_letter, decode_payments, decode_verdicts
from stream.wire.columns import Ints, Payments, Rejected, Verdicts
from stream.wire.records import Outgoing, Slice, unread
from stream.wire.topics import BY_TERMINAL, LABELS, TRANSACTIONS

_TOPICS = {PAYMENT: TRANSACTIONS.name, VERDICT: LABELS.name}
_KINDS = {topic: kind for kind, topic in _TOPICS.items()}


class _Checkpoint(Checkpoint, frozen=True):
    """Where to read on per topic, and how far each has come in event time."""

    next_offset: dict[str, int]
    newest: dict[str, int]


def _from_first(body: bytes) -> bytes:
    """Layout 1 had no partition count."""
    form = tuple[dict[str, int], dict[str, int], dict[str, int]]
    next_offset, newest, written = msgspec.msgpack.decode(body, type=form)
    return msgspec.msgpack.encode((0, written, next_offset, newest))


CHECKPOINT = Packed("customers checkpoint", _Checkpoint, _from_first)


class CustomerStage:
    """Implements ``Stage`` for ``transactions`` and ``labels``.

    partition  of both topics
    """

    topics = (TRANSACTIONS.name, LABELS.name)

    def __init__(self, partition: int, settings: Settings) -> None:
        self._partition = partition
        self._settings = settings
        limits = settings.payments
        self.state = CustomerTable(max_history=limits.max_history, max_late_ms=1000 * limits.max_late_seconds)
        self._at = self._beginning()
        self._silent: set[str] = set()  # topics nobody waits for, until they bring an event again

    def feed(self, records: Slice, *, now: int) -> Output:  # noqa: ARG002  # nothing here is stamped
        """Decode, refuse, compute the customer's features, and send every event on to its terminal's partition."""
        begin = self._at.next_offset.get(records.topic, 0)
        records = unread(records, begin)
        position = max(records.next_offset, begin)
        output = Output()
        if records.topic == TRANSACTIONS.name:
            block, rejected = self._payments(records, position, output.counts)
        else:
            block, rejected = self._verdicts(records, position)
        output.counts["events_in", records.topic] += len(records)
        for refusal in rejected:
            output.counts[("duplicates",) if refusal.reason == "duplicate" else ("dead_lettered", refusal.reason)] += 1
        output.records = [*self._onward(block), *map(dead_letter, rejected)]
        output.is_news = len(rejected) < len(records)
        if output.is_news:
            self._silent.discard(records.topic)
        self._at.next_offset[records.topic] = position
        return output

    def idle(self, topic: str, *, now: int) -> Output:  # noqa: ARG002
        """Tell every terminal partition not to wait for this origin."""
        self._silent.add(topic)
        return Output(records=self._onward(self._news(topic, self._at.newest.get(topic, NEVER), idle=True)))

    def reached(self, topic: str, at: int) -> Output:
        """Tell every terminal partition that nothing older than ``at`` will come from this origin: a file knows."""
        newest = max(at, self._at.newest.get(topic, NEVER))
        return Output(records=self._onward(self._news(topic, newest, idle=False)))

    def resume_at(self) -> dict[str, int]:
        """All that was fed is done."""
        return dict(self._at.next_offset)

    def mark(self, *, written: dict[str, int]) -> None:
        """Write the checkpoint."""
        self.state.checkpoint = CHECKPOINT.pack(
            _Checkpoint(self._settings.kafka.partitions, written, self._at.next_offset, self._at.newest)
        )

    def restore(self) -> dict[str, int]:
        """Go on from the checkpoint."""
        blob = self.state.checkpoint
        self._at = CHECKPOINT.unpack(blob) if blob else self._beginning()
        self._at.check("customers", self._settings.kafka.partitions)
        self._silent = set()
        return dict(self._at.written)

    def _beginning(self) -> _Checkpoint:
        return _Checkpoint(self._settings.kafka.partitions, {}, {}, {})

    def _news(self, topic: str, frontier: int, *, idle: bool) -> Block:
        origin = origin_of(self._partition, _KINDS[topic])
        return empty_block(origin, self._at.next_offset.get(topic, 0), frontier, idle=idle)

    def _payments(
        self, records: Slice, position: int, counts: Counter[tuple[str, ...]]
    ) -> tuple[Block, list[Rejected]]:
        decoded = decode_payments(records, self._settings)
        batch = decoded.columns
        assert isinstance(batch, Payments)
        seq, late = self._advance(records.topic, batch.at)
        rejected = decoded.rejected
        if late.any():
            limit = self._settings.payments.max_late_seconds
            rejected += _refuse(
                batch, late, "late", f"at: at most {limit} s behind the newest of its partition", records
            )
            batch, seq = _select(batch, ~late), seq[~late]
        with changing_state("customers"):
            columns = self.state.apply(batch)
        counts.update({(what, "customers"): lost for what, lost in self.state.losses().items() if lost})
        if columns.duplicate.any():
            rejected += _refuse(batch, columns.duplicate, "duplicate", "id: delivered before", records)
        keep = columns.fresh & ~columns.duplicate
        features = columns.features
        if not keep.all():
            batch, seq, features = _select(batch, keep), seq[keep], features[keep]
        return self._block(PAYMENT, position, batch, seq, batch.amount, features), rejected

    def _verdicts(self, records: Slice, position: int) -> tuple[Block, list[Rejected]]:
        decoded = decode_verdicts(records, self._settings)
        batch = decoded.columns
        assert isinstance(batch, Verdicts)
        seq, _ = self._advance(records.topic, batch.at)  # a late verdict is still a verdict: it takes its place
        nothing = np.zeros((len(batch), 0))
        return self._block(VERDICT, position, batch, seq, batch.fraud, nothing), decoded.rejected

    def _advance(self, topic: str, at: Ints) -> tuple[Ints, "np.ndarray[tuple[int], np.dtype[np.bool_]]"]:
        """Running maximum of event time at each event, and which events are too far behind it."""
        newest = self._at.newest.get(topic, NEVER)
        seq = np.maximum.accumulate(np.maximum(at, newest))
        if seq.size:
            self._at.newest[topic] = int(seq[-1])
        return seq, seq - at > 1000 * self._settings.payments.max_late_seconds

    def _block(
        self,
        kind: int,
        position: int,
        batch: Payments | Verdicts,
        seq: Ints,
        amount: Ints,
        features: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
    ) -> Block:
        return Block(
            origin=origin_of(self._partition, kind),
            position=position,
            frontier=self._at.newest.get(_TOPICS[kind], NEVER),
            idle=not len(batch) and _TOPICS[kind] in self._silent,
            integers=np.array((batch.offset, batch.produced, batch.at, seq, amount)),
            id=batch.id,
            customer=batch.customer,
            terminal=batch.terminal,
            features=features,
        )

    def _onward(self, block: Block) -> list[Outgoing]:
        values = split(block, self._settings.kafka.partitions)
        return [Outgoing(topic=BY_TERMINAL.name, value=value, partition=q) for q, value in enumerate(values)]


def _refuse(
    batch: Payments, bad: "np.ndarray[tuple[int], np.dtype[np.bool_]]", reason: str, detail: str, records: Slice
) -> list[Rejected]:
    places = np.searchsorted(records.offset, batch.offset[bad]).tolist()
    return [
        Rejected(
            topic=records.topic,
            partition=records.partition,
            offset=int(records.offset[i]),
            produced=int(records.produced[i]),
            size=len(records.values[i] or b""),
            reason=reason,
            detail=detail,
        )
        for i in places
    ]


def _select(batch: Payments, keep: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Payments:
    places = np.flatnonzero(keep).tolist()
    return Payments(
        partition=batch.partition,
        offset=batch.offset[keep],
        produced=batch.produced[keep],
        at=batch.at[keep],
        amount=batch.amount[keep],
        id=[batch.id[i] for i in places],
        customer=[batch.customer[i] for i in places],
        terminal=[batch.terminal[i] for i in places],
    )
