"""Throughput: a backlog of simulated events, a real worker on one core, Kafka in and out; the rival likewise.

A run begins when a worker that has its partitions, compiled kernels and some state may begin on the backlog, and ends
when it has committed all of it: alerts and state durable, nothing left on any topic it reads.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from statistics import median

import msgspec
import numpy as np

from stream.bench.backlog import preload
from stream.bench.drain import Offsets, drain
from stream.bench.ground import Ground, metrics_address
from stream.bench.material import Material, payments, ticks
from stream.bench.processes import held, weigh
from stream.consume import consumer_of, read_to_end
from stream.errors import WeirError
from stream.run.children import Child
from stream.run.ready import counter
from stream.settings import Settings
from stream.summary import Tally
from stream.wire.events import Alert, DeadLetter, Scores
from stream.wire.topics import ALERTS, BY_TERMINAL, DEAD_LETTERS, LABELS, SCORES, TICKS, TRANSACTIONS

_LEAST_RATE = 200.0  # events per second below which a run is given up
_START_SECONDS = 180.0  # until the first events are done; kernels may have to be compiled
OF_PAYMENTS = (TRANSACTIONS.name, LABELS.name, BY_TERMINAL.name)  # read on their way
_WARM = 20  # one event in so many comes first, untimed


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One drained backlog."""

    events: int
    per_second: float
    cpu_seconds_per_million: float
    rss_mb: float


class Throughput(msgspec.Struct, frozen=True, kw_only=True):
    """Several drained backlogs of one kind.

    events                   timed in each run
    per_second               median
    spread                   (highest - lowest) / median
    cpu_seconds_per_million  median, of the worker alone
    rss_mb                   the highest
    alerts                   raised in one run
    """

    events: int
    per_second: float
    spread: float
    cpu_seconds_per_million: float
    rss_mb: float
    alerts: int
    runs: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Who drains: its name, the topics it reads, how to run it, and how to hold it to account.

    account  given settings and events offered, raises where an event or an alert is amiss; returns the number of alerts
    """

    name: str
    topics: tuple[str, ...]
    run: Callable[[Settings], AbstractContextManager[Child]]
    account: Callable[[Settings, int], int]


def measure_payments(ground: Ground, *, events: int, repeats: int) -> Throughput:
    """Drain payments (and a twentieth of labels) through the whole pipeline; every payment must be accounted for."""
    ground.tell("simulating payments", 0.0)
    material = payments(events, partitions=ground.settings.kafka.partitions)
    contender = Contender(name="payments", topics=OF_PAYMENTS, run=ground.worker, account=account_for_payments)
    return drain_repeatedly(ground, contender, material, repeats)


def measure_ticks(ground: Ground, *, events: int, repeats: int) -> Throughput:
    """Drain trades and quotes of 100 symbols through the market stage; every tick must be accounted for."""
    ground.tell("simulating ticks", 0.0)
    material = ticks(events, partitions=ground.settings.kafka.partitions)
    contender = Contender(name="ticks", topics=(TICKS.name,), run=ground.worker, account=_account_for_ticks)
    return drain_repeatedly(ground, contender, material, repeats)


def drain_repeatedly(ground: Ground, contender: Contender, material: Material, repeats: int) -> Throughput:
    """Let a contender drain the material ``repeats`` times, each time on topics of its own."""
    runs = []
    alerts = 0
    for repeat in range(repeats):
        placed = ground.place(f"{contender.name}-{repeat}")
        tell = partial(ground.tell, f"{contender.name}, run {repeat + 1} of {repeats}")
        with contender.run(placed) as worker:
            runs.append(drained(placed, contender.topics, material, worker, tell))
            alerts = contender.account(placed, material.events)
    rates = [run.per_second for run in runs]
    return Throughput(
        events=runs[0].events,
        per_second=median(rates),
        spread=(max(rates) - min(rates)) / median(rates),
        cpu_seconds_per_million=median(run.cpu_seconds_per_million for run in runs),
        rss_mb=max(run.rss_mb for run in runs),
        alerts=alerts,
        runs=rates,
    )


def drained(
    placed: Settings,
    topics: tuple[str, ...],
    material: Material,
    worker: Child,
    tell: Callable[[float], None],
    *,
    watched: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Run:
    """Warm the worker up by the first events, hold it while the rest piles up, let it go, and time it.

    watched  entered before it may go on, left when it is done
    """
    kafka = placed.kafka
    warm = int(np.searchsorted(material.number, material.events // _WARM))
    write = partial(preload, material, bootstrap=kafka.bootstrap, prefix=kafka.prefix)
    reads = [kafka.prefix + topic for topic in topics]
    tell(0.0)
    with Offsets(kafka.bootstrap, group=kafka.group, topics=reads, partitions=kafka.partitions) as offsets:
        write(slice(warm))
        warmed = material.events // _WARM
        drain(offsets, worker, total=warmed, within_seconds=_START_SECONDS, on_progress=lambda _: None)
        with held(worker):
            write(slice(warm, None))
            before = weigh(worker.pid)
        began = time.monotonic()
        within = 60.0 + material.events / _LEAST_RATE
        with watched():
            after = drain(offsets, worker, total=material.events, within_seconds=within, on_progress=tell)
        seconds = time.monotonic() - began
    events = material.events - warmed
    return Run(
        events=events,
        per_second=events / seconds,
        cpu_seconds_per_million=1e6 * (after.cpu_seconds - before.cpu_seconds) / events,
        rss_mb=after.rss_mb,
    )


def account_for_payments(placed: Settings, events: int) -> int:
    """Hold the worker to conservation, from its output topics; returns the number of alerts."""
    tally = Tally()
    for value in read_all(placed, SCORES.name):
        tally.scores(msgspec.json.decode(value, type=Scores))
    for value in read_all(placed, DEAD_LETTERS.name):
        tally.dead_letter(msgspec.json.decode(value, type=DeadLetter))
    for value in read_all(placed, ALERTS.name):
        tally.alert(msgspec.json.decode(value, type=Alert))
    refused = sum(letter.source.topic == TRANSACTIONS.name for letter in tally.letters.values())
    if len(tally.scored_payments) + refused != events:
        raise WeirError(f"of {events:,} payments {len(tally.scored_payments):,} were scored and {refused:,} refused")
    return len(tally.alert_ids)


def _account_for_ticks(placed: Settings, events: int) -> int:
    """Likewise, from the worker's own counter: ticks have no record of their own on an output topic."""
    scored = round(counter(metrics_address(placed), "weir_scored_events_total", kind="ticks"))
    refused = len(read_all(placed, DEAD_LETTERS.name))
    if scored + refused != events:
        raise WeirError(f"of {events:,} ticks {scored:,} were scored and {refused:,} refused")
    return len(read_all(placed, ALERTS.name))


def read_all(placed: Settings, topic: str) -> list[bytes]:
    """Read a topic from its beginning to its end as it is now."""
    consumer = consumer_of(placed, [topic], from_beginning=True)
    try:
        return [value for _, value in read_to_end(consumer)]
    finally:
        consumer.close()
