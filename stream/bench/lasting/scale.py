"""Throughput against the number of workers and of partitions: the same backlog, drained by each.

One worker has a core of its own. Of two, one has that core and the other shares its core with the broker, which is all
that two cores have to give: so the second can't bring as much as the first.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack

import msgspec

from stream.bench.backlog import preload
from stream.bench.drain import Offsets, drain
from stream.bench.flow import Flow
from stream.bench.ground import Ground, metrics_address
from stream.bench.material import CUSTOMERS, TERMINALS
from stream.bench.processes import held, weigh
from stream.bench.throughput import account_for_payments
from stream.errors import WeirError
from stream.run.children import Child
from stream.run.ready import counter
from stream.settings import Settings
from stream.wire.topics import BY_TERMINAL, LABELS, TRANSACTIONS

_HISTORY = 20.0  # payments of a customer in 30 days
_WARM = 20  # one event in so many comes first, untimed
_LEAST_RATE = 1_000.0  # events per second below which a run is given up
_SHARED_SECONDS = 120.0  # until the partitions are shared out
_CHUNK = 250_000


class Drained(msgspec.Struct, frozen=True, kw_only=True):
    """One backlog drained by so many workers at so many partitions.

    cpu_seconds_per_million  of all workers
    rss_mb                   likewise
    """

    workers: int
    partitions: int
    events: int
    per_second: float
    cpu_seconds_per_million: float
    rss_mb: float


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """The curves: number of workers, or of partitions → what it did."""

    workers: dict[str, Drained]
    partitions: dict[str, Drained]


def measure_scale(ground: Ground, *, events: int, partitions: Sequence[int]) -> Scale:
    """Drain the same payments with 1 and 2 workers, then with one at each number of ``partitions``."""
    usual = ground.settings.kafka.partitions
    return Scale(
        workers={str(count): _drained(ground, count, usual, events) for count in (1, 2)},
        partitions={str(count): _drained(ground, 1, count, events) for count in partitions},
    )


def _drained(ground: Ground, workers: int, partitions: int, events: int) -> Drained:
    what = f"{workers} worker{'s'[: workers - 1]}, {partitions} partitions"
    ground.tell(what, 0.0)
    placed = ground.place(f"scale-{workers}-{partitions}", partitions=partitions)
    kafka = placed.kafka
    flow = Flow(customers=CUSTOMERS, terminals=TERMINALS, history=_HISTORY, partitions=partitions)
    reads = [kafka.prefix + topic.name for topic in (TRANSACTIONS, LABELS, BY_TERMINAL)]
    warm = events // _WARM
    places = [placed, *(ground.another(placed) for _ in range(workers - 1))]
    with ExitStack() as stack:
        cores = [ground.cores.worker, ground.cores.others]
        children = [
            stack.enter_context(ground.worker(place, cores=cores[i % len(cores)])) for i, place in enumerate(places)
        ]
        offsets = stack.enter_context(
            Offsets(kafka.bootstrap, group=kafka.group, topics=reads, partitions=kafka.partitions)
        )
        _share_out(ground, places, children)
        _write(flow, placed, 0, warm)
        drain(offsets, children[0], total=warm, within_seconds=_SHARED_SECONDS, on_progress=lambda _: None)
        with ExitStack() as stopped:
            for child in children:
                stopped.enter_context(held(child))
            _write(flow, placed, warm, events)
            before = [weigh(child.pid) for child in children]
        began = time.monotonic()
        within = 60.0 + events / _LEAST_RATE
        drain(
            offsets,
            children[0],
            total=events,
            within_seconds=within,
            on_progress=lambda share: ground.tell(what, share),
        )
        seconds = time.monotonic() - began
        after = [weigh(child.pid) for child in children]
        account_for_payments(placed, events)
    used = sum(end.cpu_seconds - begin.cpu_seconds for begin, end in zip(before, after, strict=True))
    return Drained(
        workers=workers,
        partitions=partitions,
        events=events - warm,
        per_second=(events - warm) / seconds,
        cpu_seconds_per_million=1e6 * used / (events - warm),
        rss_mb=sum(end.rss_mb for end in after),
    )


def _write(flow: Flow, placed: Settings, begin: int, end: int) -> None:
    """Write payments ``begin … end``, part by part."""
    for first in range(begin, end, _CHUNK):
        material = flow.material(first, min(_CHUNK, end - first))
        preload(material, slice(None), bootstrap=placed.kafka.bootstrap, prefix=placed.kafka.prefix)


def _share_out(ground: Ground, places: Sequence[Settings], workers: Sequence[Child]) -> None:
    """Wait until each worker has its share of the partitions."""
    for place, worker in zip(places, workers, strict=True):
        ground.wait_ready(place, worker)
    deadline = time.monotonic() + _SHARED_SECONDS
    while not all(counter(metrics_address(place), "weir_assigned_partitions") for place in places):
        if time.monotonic() > deadline:
            raise WeirError(f"one of {len(places)} workers has no partitions after {_SHARED_SECONDS:.0f} s")
        time.sleep(0.2)
    for place, worker in zip(places, workers, strict=True):
        ground.wait_ready(place, worker)
