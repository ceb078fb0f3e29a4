"""Back-pressure: far more is offered than a worker can take; its memory must not grow, the lag must, and nothing go."""

import time

import msgspec

from stream.bench.ground import Ground, metrics_address
from stream.bench.lasting.order import judge_order
from stream.bench.lasting.standing import Run, standing
from stream.bench.lasting.steady import Offered
from stream.bench.lasting.throttle import throttled
from stream.bench.lasting.trend import Trend, trend_of
from stream.bench.processes import weigh
from stream.consume import consumer_of, read_to_end
from stream.errors import WeirError
from stream.run.ready import counter
from stream.settings import Settings
from stream.wire.topics import DEAD_LETTERS, SCORES, TRANSACTIONS


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One look: seconds since the load began, payments not committed, MB resident."""

    second: float
    lag: int
    rss_mb: float


class Pressure(msgspec.Struct, frozen=True, kw_only=True):
    """What happened while ``offered / capacity`` times as much came as could be taken.

    core_share     of its core that the worker was given, so that a load process can offer so much more
    capacity       payments per second of a backlog at that share; plain: with all of its core
    offered        payments per second asked for; achieved: taken by Kafka
    samples        once a second while the load ran
    memory         MB, over the samples after the first fifth of the time, when buffers have filled
    lag            payments at the end of the load that no commit covers; shown: as the worker's own metric said then
    caught_up      payments per second from the end of the load, with all of its core, until nothing was left
    payments       offered in all, each of which was scored or refused, once, in order for each customer
    behind         of the second half of the load, judged after a younger one of the same partition: none is right
    """

    core_share: float
    capacity: float
    plain: float
    offered: float
    achieved: float
    samples: list[Sample]
    memory: Trend
    lag: int
    shown: int
    caught_up: float
    payments: int
    behind: int


def measure_pressure(
    ground: Ground, *, factor: float, share: float, seconds: float, customers: int, events: int
) -> Pressure:
    """Offer ``factor`` times the capacity for ``seconds``, then let the worker catch up.

    share      of its core that the worker is given
    customers  each of 20 payments in 30 days, which is gone through before the measurement: so state stands still
    events     of the backlog that capacity is measured by
    """
    ground.tell("back-pressure", 0.0)
    placed = ground.place("pressure")
    with standing("pressure", ground, placed, customers=customers) as run:
        plain = run.rate(events, 1.0)
        capacity = run.rate(events, share)
        with throttled(run.worker, share):
            offered, samples = _offer(run, factor * capacity, seconds)
            lag = run.offsets.waiting()
            shown = round(counter(metrics_address(placed), "weir_consumer_lag_records", topic=TRANSACTIONS.name))
        caught_up = (run.done - run.offsets.done()) / run.drained()
    ground.tell("back-pressure", 1.0)
    behind = _account(placed, run.done, since=run.done - offered.payments // 2)
    settled = [sample for sample in samples if sample.second > seconds / 5]
    return Pressure(
        core_share=share,
        capacity=capacity,
        plain=plain,
        offered=factor * capacity,
        achieved=offered.achieved,
        samples=samples,
        memory=trend_of([sample.second for sample in settled], [sample.rss_mb for sample in settled]),
        lag=lag,
        shown=shown,
        caught_up=caught_up,
        payments=run.done,
        behind=behind,
    )


def _offer(run: Run, rate: float, seconds: float) -> tuple[Offered, list[Sample]]:
    """Run the load, and look once a second."""
    samples: list[Sample] = []
    with run.offering(rate, seconds) as load:
        began = time.monotonic()
        while load.child.ended() is None:
            now = time.monotonic() - began
            samples.append(Sample(second=now, lag=run.offsets.waiting(), rss_mb=weigh(run.worker.pid).rss_mb))
            run.ground.tell("back-pressure", min(0.9, now / seconds))
            run.worker.require_alive()
            time.sleep(max(0.0, len(samples) - (time.monotonic() - began)))
    return load.offered(), samples


def _account(placed: Settings, payments: int, *, since: int) -> int:
    """Hold the worker to all that was offered; returns how many were judged behind a younger one."""
    scores = consumer_of(placed, [SCORES.name], from_beginning=True)
    letters = consumer_of(placed, [DEAD_LETTERS.name], from_beginning=True)
    try:
        judged = judge_order(((place.partition, value) for place, value in read_to_end(scores)), since=since)
        refused = sum(1 for _ in read_to_end(letters))
    finally:
        scores.close()
        letters.close()
    if judged.payments + refused != payments:
        raise WeirError(f"of {payments:,} payments {judged.payments:,} were scored and {refused:,} refused")
    return judged.behind
