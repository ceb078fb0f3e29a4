"""A worker whose state stands still: as many customers come into its windows as leave them, however long it is fed."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from stream.bench.backlog import preload
from stream.bench.drain import Offsets, drain
from stream.bench.flow import Flow
from stream.bench.ground import Ground
from stream.bench.lasting.steady import Offered, Order
from stream.bench.lasting.throttle import throttled
from stream.bench.processes import held, running
from stream.run.children import Child
from stream.settings import Settings
from stream.wire.codec import encode
from stream.wire.topics import BY_TERMINAL, LABELS, TRANSACTIONS

_HISTORY = 20.0  # payments of a customer in 30 days
_CHUNK = 250_000
_LEAST_RATE = 500.0  # events per second below which a run is given up
_START_SECONDS = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A steady load under way; what it offered is known once it has ended."""

    child: Child
    report: Path

    def offered(self) -> Offered:
        """Read what was offered; raises WeirError if the load failed."""
        self.child.require_alive()
        return msgspec.json.decode(self.report.read_bytes(), type=Offered)


class Run:
    """One worker and its flow.

    done  payments offered so far
    """

    def __init__(
        self, name: str, ground: Ground, placed: Settings, flow: Flow, worker: Child, offsets: Offsets
    ) -> None:
        self._name = name
        self.ground, self.placed, self.flow, self.worker, self.offsets = ground, placed, flow, worker, offsets
        self.done = 0

    def write(self, count: int) -> None:
        """Write the next ``count`` payments."""
        for first in range(self.done, self.done + count, _CHUNK):
            material = self.flow.material(first, min(_CHUNK, self.done + count - first))
            preload(material, slice(None), bootstrap=self.placed.kafka.bootstrap, prefix=self.placed.kafka.prefix)
        self.done += count

    def drained(self) -> float:
        """Wait until all is done; returns after how many seconds."""
        began = time.monotonic()
        within = _START_SECONDS + self.done / _LEAST_RATE
        drain(self.offsets, self.worker, total=self.done, within_seconds=within, on_progress=lambda _: None)
        return time.monotonic() - began

    def rate(self, count: int, share: float) -> float:
        """Payments per second of a backlog of ``count`` at a share of the core."""
        with held(self.worker):
            self.write(count)
        if share == 1.0:
            return count / self.drained()
        with throttled(self.worker, share):
            return count / self.drained()

    @contextmanager
    def offering(self, rate: float, seconds: float) -> Iterator[Load]:
        """Offer ``rate`` payments per second for ``seconds``; to be left when the load has ended."""
        report = self.ground.folder / f"{self._name}.json"
        kafka = self.placed.kafka
        order = Order(
            bootstrap=kafka.bootstrap,
            prefix=kafka.prefix,
            flow=self.flow,
            first=self.done,
            rate=rate,
            seconds=seconds,
            report=str(report),
        )
        with running(
            self._name,
            [encode(order).decode()],
            cores=self.ground.cores.others,
            folder=self.ground.folder,
            environment={},
            module="stream.bench.lasting.steady",
        ) as child:
            load = Load(child=child, report=report)
            yield load
            self.done += load.offered().payments


@contextmanager
def standing(name: str, ground: Ground, placed: Settings, *, customers: int, loud_share: float = 0.0) -> Iterator[Run]:
    """Run a worker whose windows are full.

    customers   each of 20 payments in 30 days, which is gone through before: so state stands still
    loud_share  of the payments raise an alert
    """
    kafka = placed.kafka
    flow = Flow(
        customers=customers,
        terminals=max(1, customers // 5),
        history=_HISTORY,
        partitions=kafka.partitions,
        loud_share=loud_share,
    )
    reads = [kafka.prefix + topic.name for topic in (TRANSACTIONS, LABELS, BY_TERMINAL)]
    with ExitStack() as stack:
        worker = stack.enter_context(ground.worker(placed))
        offsets = stack.enter_context(
            Offsets(kafka.bootstrap, group=kafka.group, topics=reads, partitions=kafka.partitions)
        )
        run = Run(name, ground, placed, flow, worker, offsets)
        run.write(flow.window_events)
        run.drained()
        yield run
