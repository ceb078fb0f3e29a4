"""The market stage: ticks of one partition in, snapshots on ``risk`` and alerts out."""

from collections import Counter
from typing import TypeAlias

import msgspec
import numpy as np

from stream.core.checkpoint import Checkpoint
from stream.core.layout import Packed
from stream.core.market.breaches import NOTE, Notes
from stream.core.market.clock import ACTIVE, CHECK, WATERMARK, find_stale, new_clock
from stream.core.market.codes import FILTERED, HELD, KIND_OF, LATE, OVERFLOWED, TOLD
from stream.core.market.figures import FIGURES
from stream.core.market.kernel import Columns, walk
from stream.core.market.limits import limits_of
from stream.core.market.row import KINDS
from stream.core.market.table import SymbolTable
from stream.core.market.words import Cause, alert, read_notes, snapshot
from stream.core.stage import Output, changing_state
from stream.settings import Settings
from stream.wire.codec import dead_letter, decode_ticks, encode
from stream.wire.columns import Ints, Rejected, Ticks
from stream.wire.events import SourceRef
from stream.wire.records import Outgoing, Slice, unread
from stream.wire.topics import ALERTS, RISK, TICKS

_NOTES = 1024  # notes held before they are put into words


_Counts: TypeAlias = list[tuple[tuple[str, ...], int]]


class _Checkpoint(Checkpoint, frozen=True):
    """Where to read on, the clock there, and all counts since the beginning."""

    next_offset: int
    watermark: int
    active: int
    counts: _Counts


def _from_first(body: bytes) -> bytes:
    """Layout 1 had no partition count."""
    form = tuple[int, int, int, dict[str, int], _Counts]
    next_offset, watermark, active, written, counts = msgspec.msgpack.decode(body, type=form)
    return msgspec.msgpack.encode((0, written, next_offset, watermark, active, counts))


CHECKPOINT = Packed("market checkpoint", _Checkpoint, _from_first)


class MarketStage:
    """Implements ``Stage`` for ``ticks``. A tick that was applied before changes nothing and counts as scored."""

    topics = (TICKS.name,)

    def __init__(self, partition: int, settings: Settings) -> None:
        self._partition = partition
        self._settings = settings
        self._config = settings.version
        self._limits = limits_of(settings.market)
        self._clock = new_clock()
        self._next_offset = 0
        self._written: dict[str, int] = {}
        self.state = SymbolTable(max_symbols=settings.market.max_symbols)
        self.counts: Counter[tuple[str, ...]] = Counter()  # since the beginning, as of the checkpoint after restore

    def feed(self, records: Slice, *, now: int) -> Output:
        """Decode a slice and walk its ticks; what is refused becomes a dead letter."""
        records = unread(records, self._next_offset)
        decoded = decode_ticks(records, self._settings)
        ticks = decoded.columns
        assert isinstance(ticks, Ticks)
        output = Output()
        with changing_state("market"):
            fate = self._walk(ticks, output, now)
        refused = [*decoded.rejected, *self._refuse(ticks, fate, records)]
        output.records += map(dead_letter, refused)
        self._count(output, len(records), fate, refused)
        output.scored = ticks.produced[(fate != LATE) & (fate != OVERFLOWED)]
        self._next_offset = max(self._next_offset, records.next_offset)
        return output

    def idle(self, topic: str, *, now: int) -> Output:  # noqa: ARG002  # ticks wait for nobody
        """Nothing: event time alone moves the clock."""
        return Output()

    def resume_at(self) -> dict[str, int]:
        """All that was fed is done."""
        return {TICKS.name: self._next_offset} if self._next_offset else {}

    def mark(self, *, written: dict[str, int]) -> None:
        """Write the checkpoint."""
        self._written = written
        at = _Checkpoint(
            partitions=self._settings.kafka.partitions,
            written=written,
            next_offset=self._next_offset,
            watermark=int(self._clock[WATERMARK]),
            active=int(self._clock[ACTIVE]),
            counts=sorted(self.counts.items()),
        )
        self.state.checkpoint = CHECKPOINT.pack(at)

    def restore(self) -> dict[str, int]:
        """Go on from the checkpoint."""
        blob = self.state.checkpoint
        partitions = self._settings.kafka.partitions
        at = CHECKPOINT.unpack(blob) if blob else _Checkpoint(partitions, {}, 0, 0, 0, [])
        at.check("market", partitions)
        self._next_offset = at.next_offset
        self._clock = new_clock(at.watermark, at.active)
        self.counts = Counter(dict(at.counts))
        return dict(at.written)

    def _walk(self, ticks: Ticks, output: Output, now: int) -> Ints:
        key = self.state.find(ticks.symbol)
        columns = Columns(
            key, ticks.offset, ticks.at, ticks.is_trade, ticks.price, ticks.size, ticks.side,
            ticks.bid, ticks.ask, ticks.bid_size, ticks.ask_size, ticks.sequence, ticks.produced,
        )  # fmt: skip
        fate = np.zeros(len(ticks), np.int64)
        notes = np.zeros(max(_NOTES, len(self.state)), NOTE)
        rows, dirty = self.state.rows, self.state.dirty
        told: list[int] = []
        i = 0
        while i < len(ticks):
            i, count = walk(rows, columns, i, self._limits, self._clock, fate, dirty, notes)
            told += self._tell(notes[:count], ticks, output, now)
            if i < len(ticks) and self._clock[ACTIVE] >= self._clock[CHECK]:
                count = find_stale(rows, len(self.state), self._limits, self._clock, i, dirty, notes)
                told += self._tell(notes[:count], ticks, output, now)
        output.alerted = ticks.produced[told]
        return fate

    def _tell(self, notes: Notes, ticks: Ticks, output: Output, now: int) -> list[int]:
        """Put notes into words; returns the places of the ticks behind the alerts told."""
        told: list[int] = []
        names = self.state.names
        for note in sorted(read_notes(notes), key=lambda note: (note.tick, names[note.row])):
            i, symbol = note.tick, names[note.row]
            source = SourceRef(topic=TICKS.name, partition=self._partition, offset=int(ticks.offset[i]))
            figures = dict(zip(FIGURES, note.figures, strict=True))
            output.figures[symbol] = figures
            risk = snapshot(note, symbol, figures, source)
            output.records.append(self._out(RISK.name, symbol, encode(risk), risk.id))
            figures["untrusted"] = float(note.untrusted.bit_count())  # a gauge beside the others, once they are written
            if note.told == HELD:
                output.counts["held_back", KINDS[KIND_OF[note.cause]]] += 1
            if note.told == TOLD:
                cause = Cause(source, int(ticks.produced[i]))
                bar = self._settings.market.bar_seconds
                made = alert(note, symbol, figures, cause, now=now, config=self._config, bar=bar)
                output.records.append(self._out(ALERTS.name, symbol, encode(made), made.id))
                output.counts["alerts", made.kind, made.severity] += 1
                told.append(i)
        return told

    def _out(self, topic: str, symbol: str, value: bytes, name: str) -> Outgoing:
        return Outgoing(topic=topic, key=symbol.encode(), value=value, partition=self._partition, id=name)

    def _refuse(self, ticks: Ticks, fate: Ints, records: Slice) -> list[Rejected]:
        late = f"at: at most {self._settings.market.max_late_seconds} s behind the newest of its partition"
        full = f"symbol: one of the first {self._settings.market.max_symbols} of its partition"
        refused = []
        for code, reason, detail in ((LATE, "late", late), (OVERFLOWED, "unknown_symbol", full)):
            for i in np.flatnonzero(fate == code).tolist():
                place = int(np.searchsorted(records.offset, ticks.offset[i]))
                refused.append(
                    Rejected(
                        topic=records.topic,
                        partition=records.partition,
                        offset=int(ticks.offset[i]),
                        produced=int(ticks.produced[i]),
                        size=len(records.values[place] or b""),
                        reason=reason,
                        detail=detail,
                    )
                )
        return refused

    def _count(self, output: Output, taken: int, fate: Ints, refused: list[Rejected]) -> None:
        output.counts["events_in", TICKS.name] += taken
        output.counts["scored", TICKS.name] += taken - len(refused)
        for refusal in refused:
            output.counts["dead_lettered", refusal.reason] += 1
        for code, times in zip(*np.unique(fate, return_counts=True), strict=True):
            if code in FILTERED:
                output.counts["filtered", FILTERED[code]] += int(times)
        self.counts.update(output.counts)
