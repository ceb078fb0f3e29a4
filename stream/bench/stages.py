"""Each step of the walk alone, in this process, without Kafka: microseconds an event at several batch sizes.

The batch size is that of a slice of ``transactions``; where terminals are, a slice's events arrive as one block per
terminal partition. A row that ends in "in all" is a whole stage as the worker feeds it, so the steps above it are its
parts and what they leave is bookkeeping and, for terminals, the ``scores`` records.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from models.detector import Detector
from stream.bench.material import Material
from stream.core.both_sides import at_terminals, side_by_side
from stream.core.customer_stage import CustomerStage
from stream.core.market.stage import MarketStage
from stream.core.merge import NEVER, Merge, Merged
from stream.core.names import CUSTOMER_FEATURES
from stream.core.payment_alerts import PaymentAlerts
from stream.core.scoring import Scorer
from stream.core.shuffle import PAYMENT, Block, empty_block, origin_of, pack, split, unpack
from stream.core.stage import Output
from stream.core.terminal_stage import TerminalStage
from stream.settings import Settings
from stream.wire.codec import decode_payments, decode_ticks
from stream.wire.columns import Payments
from stream.wire.records import Slice
from stream.wire.topics import BY_TERMINAL, TICKS, TRANSACTIONS

Steps = dict[str, float]  # µs an event


def slices(material: Material, topic: str, size: int, *, skip: int, events: int) -> Iterator[Slice]:
    """Cut partition 0 of a topic into slices of ``size``: ``events`` in all, after the first ``skip``."""
    places = material.in_lane(material.lanes.index((topic, 0)))[skip : skip + events]
    now = round(time.time() * 1000)
    for start in range(0, len(places), size):
        cut = places[start : start + size]
        yield Slice(
            topic=topic,
            partition=0,
            offset=np.arange(skip + start, skip + start + len(cut)),
            produced=np.full(len(cut), now),
            values=[material.values[place] for place in cut],
            next_offset=skip + start + len(cut),
        )


class _Stopwatch:
    """Adds up time per step."""

    def __init__(self) -> None:
        self.spent: dict[str, int] = defaultdict(int)  # ns
        self._since = time.perf_counter_ns()

    def start(self) -> None:
        self._since = time.perf_counter_ns()

    def lap(self, step: str) -> None:
        """Charge the time since the last call to ``step``."""
        now = time.perf_counter_ns()
        self.spent[step] += now - self._since
        self._since = time.perf_counter_ns()

    def per_event(self, events: int) -> Steps:
        return {step: ns / 1000 / events for step, ns in self.spent.items()}


class _Walk:
    """The steps of the two payment stages, called one by one."""

    def __init__(self, settings: Settings, detectors: Sequence[Detector]) -> None:
        self._settings = settings
        self._customers = CustomerStage(0, settings).state
        partitions = settings.kafka.partitions
        self._terminals = [TerminalStage(q, settings, detectors).state for q in range(partitions)]
        self._merges = [Merge(2 * partitions, len(CUSTOMER_FEATURES)) for _ in range(partitions)]
        for merge in self._merges:
            for block in _idle_origins(settings):
                merge.add(block, 0)
        self._scorer = Scorer(detectors)
        self._policies = [
            PaymentAlerts(q, settings, self._scorer, state.cooldowns) for q, state in enumerate(self._terminals)
        ]

    def take(self, records: Slice, watch: _Stopwatch) -> None:
        """Let one slice walk."""
        watch.start()
        batch = decode_payments(records, self._settings).columns
        assert isinstance(batch, Payments)
        watch.lap("decode")
        features = self._customers.apply(batch).features
        watch.lap("customer features")
        values = split(_block(batch, features), self._settings.kafka.partitions)
        watch.lap("shuffle: split, pack")
        for q, value in enumerate(values):
            watch.start()
            block = unpack(value)
            watch.lap("shuffle: unpack")
            self._merges[q].add(block, int(records.offset[0]))
            merged = self._merges[q].release()
            watch.lap("merge")
            if merged is not None:
                self._judge(q, merged, watch)

    def _judge(self, q: int, merged: Merged, watch: _Stopwatch) -> None:
        columns = at_terminals(self._terminals[q].terminals, merged)
        watch.lap("terminal features")
        x = side_by_side(merged.features, columns.features)
        for which, detector in enumerate(self._scorer.detectors):
            watch.start()
            detector.score(self._scorer.view(which, x))
            watch.lap(f"detector {detector.name}")
        scored = self._scorer.score(x)
        watch.start()
        self._policies[q].tell(merged, np.arange(len(merged)), x, scored, Output(), now=int(merged.produced[0]))
        watch.lap("alert policy")


def payment_steps(
    settings: Settings, detectors: Sequence[Detector], material: Material, *, size: int, warm: int, events: int
) -> Steps:
    """Time the steps of the payment stages.

    size    payments in a slice
    warm    payments taken before, so that rows exist and kernels are compiled
    events  payments timed
    """
    walk, watch = _Walk(settings, detectors), _Stopwatch()
    for records in slices(material, TRANSACTIONS.name, 4096, skip=0, events=warm):
        walk.take(records, _Stopwatch())
    for records in slices(material, TRANSACTIONS.name, size, skip=warm, events=events):
        walk.take(records, watch)
    return watch.per_event(events) | _payment_stages(settings, detectors, material, size, warm, events)


def _payment_stages(
    settings: Settings, detectors: Sequence[Detector], material: Material, size: int, warm: int, events: int
) -> Steps:
    customers = CustomerStage(0, settings)
    terminals = [TerminalStage(q, settings, detectors) for q in range(settings.kafka.partitions)]
    for q, stage in enumerate(terminals):
        stage.feed(_one([pack(block) for block in _idle_origins(settings)], q, 0), now=0)
    offset = 2 * settings.kafka.partitions

    def feed(records: Slice, watch: _Stopwatch) -> None:
        nonlocal offset
        watch.start()
        onward = [record.value for record in customers.feed(records, now=0).records if record.topic == BY_TERMINAL.name]
        watch.lap("customer stage in all")
        for q, value in enumerate(onward):
            piece = _one([value], q, offset)
            watch.start()
            terminals[q].feed(piece, now=0)
            watch.lap("terminal stage in all")
        offset += 1

    watch = _Stopwatch()
    for records in slices(material, TRANSACTIONS.name, 4096, skip=0, events=warm):
        feed(records, _Stopwatch())
    for records in slices(material, TRANSACTIONS.name, size, skip=warm, events=events):
        feed(records, watch)
    return watch.per_event(events)


def tick_steps(settings: Settings, material: Material, *, size: int, warm: int, events: int) -> Steps:
    """Time the market stage, its decoding also alone; arguments as in ``payment_steps``, in ticks."""
    stage, watch = MarketStage(0, settings), _Stopwatch()
    for records in slices(material, TICKS.name, 4096, skip=0, events=warm):
        stage.feed(records, now=0)
    for records in slices(material, TICKS.name, size, skip=warm, events=events):
        watch.start()
        decode_ticks(records, settings)
        watch.lap("decode ticks")
        stage.feed(records, now=0)
        watch.lap("market stage in all")
    return watch.per_event(events)


def _block(batch: Payments, features: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> Block:
    return Block(
        origin=origin_of(0, PAYMENT),
        position=int(batch.offset[-1]) + 1,
        frontier=int(batch.at.max()),
        idle=False,
        integers=np.array((batch.offset, batch.produced, batch.at, np.maximum.accumulate(batch.at), batch.amount)),
        id=batch.id,
        customer=batch.customer,
        terminal=batch.terminal,
        features=features,
    )


def _idle_origins(settings: Settings) -> list[Block]:
    """Say of every origin but the one that is measured that it has nothing."""
    origins = set(range(2 * settings.kafka.partitions)) - {origin_of(0, PAYMENT)}
    return [empty_block(origin, 0, NEVER, idle=True) for origin in sorted(origins)]


def _one(values: list[bytes], partition: int, offset: int) -> Slice:
    n = len(values)
    return Slice(
        topic=BY_TERMINAL.name,
        partition=partition,
        offset=np.arange(offset, offset + n),
        produced=np.zeros(n, np.int64),
        values=values,
        next_offset=offset + n,
    )
