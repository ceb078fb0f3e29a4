"""What is measured, how long and how often, in which order."""

from collections.abc import Sequence

import msgspec

from stream.bench.fingerprint import fingerprint
from stream.bench.ground import Ground, Progress, ground
from stream.bench.lasting.parts import NAMES as LASTING
from stream.bench.lasting.parts import Extent, Lasting, measure_in_process, measure_on_kafka
from stream.bench.latency import Latency, measure_latency
from stream.bench.material import payments, ticks
from stream.bench.memory import measure_memory
from stream.bench.profile import measure_profile
from stream.bench.report import Results
from stream.bench.rivals.race import Raced, measure_rivals
from stream.bench.stages import payment_steps, tick_steps
from stream.bench.throughput import measure_payments, measure_ticks
from stream.settings import Settings
from stream.walk import detectors_of

USUAL = ("payments", "ticks", "rivals", "latency", "profile", "stages", "memory")
NAMES = (*USUAL, *LASTING)  # those are measured where they are named


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much of each.

    events       a run; each rival is given a share that takes it about as long
    rates        payments per second offered, for ``seconds`` after ``warm_seconds``
    rival_rates  likewise, to those rivals that can stand them
    sizes        records in a slice → events timed
    histories    payments of a key in 30 days
    extent       of what takes long
    """

    events: int
    repeats: int
    rates: tuple[int, ...]
    rival_rates: tuple[int, ...]
    seconds: float
    warm_seconds: float
    sizes: dict[int, int]
    warm_events: int = 20_000
    histories: tuple[int, ...] = (1, 5, 20, 57)
    extent: Extent = Extent()

    @classmethod
    def full(cls, events: int) -> "Plan":
        """Figures to quote."""
        return cls(
            events=events,
            repeats=3,
            rates=(1_000, 10_000, 50_000),
            rival_rates=(1_000, 10_000),
            seconds=20.0,
            warm_seconds=5.0,
            sizes={1: 5_000, 64: 20_000, 4096: 80_000},
        )

    @classmethod
    def short(cls, events: int) -> "Plan":
        """A look whether everything works."""
        return cls(
            events=min(events, 300_000),
            repeats=1,
            rates=(1_000, 10_000),
            rival_rates=(1_000,),
            seconds=5.0,
            warm_seconds=2.0,
            sizes={1: 500, 64: 5_000, 4096: 20_000},
            histories=(5,),
            extent=Extent.short(),
        )

    def lasting(self, *, minutes: float | None, seconds: float | None) -> "Plan":
        """Return the same with another length of the soak, and of back-pressure, where one is given."""
        extent = self.extent
        return msgspec.structs.replace(
            self,
            extent=msgspec.structs.replace(
                extent, minutes=minutes or extent.minutes, seconds=seconds or extent.seconds
            ),
        )


def measure(names: Sequence[str], plan: Plan, tell: Progress) -> Results:
    """Measure what is named, one after another, on one Kafka."""
    results = Results(fingerprint=fingerprint(), lasting=Lasting())
    with ground(tell) as place:
        if "payments" in names:
            results.payments = measure_payments(place, events=plan.events, repeats=plan.repeats)
        if "ticks" in names:
            results.ticks = measure_ticks(place, events=plan.events, repeats=plan.repeats)
        if "rivals" in names:
            results.rivals = _rivals(place, plan)
        if "latency" in names:
            results.latency = _latency(place, plan)
        if "profile" in names:
            results.profile = measure_profile(place, events=plan.events)
        measure_on_kafka(names, plan.extent, place, results.lasting)
    if "stages" in names:  # after Kafka has gone: its threads would be in the way
        results.stages = _stages(place.settings, plan, tell)
    if "memory" in names:
        tell("memory", 0.0)
        results.memory = measure_memory(place.settings.payments, plan.histories)
        tell("memory", 1.0)
    measure_in_process(names, plan.extent, place.settings, tell, results.lasting)
    return results


def _rivals(place: Ground, plan: Plan) -> dict[str, Raced]:
    return measure_rivals(
        place,
        events=plan.events,
        repeats=plan.repeats,
        rates=plan.rival_rates,
        seconds=plan.seconds,
        warm_seconds=plan.warm_seconds,
    )


def _latency(place: Ground, plan: Plan) -> dict[str, Latency]:
    return {
        str(rate): measure_latency(place, rate=rate, seconds=plan.seconds, warm_seconds=plan.warm_seconds)
        for rate in plan.rates
    }


def _stages(settings: Settings, plan: Plan, tell: Progress) -> dict[str, dict[str, float]]:
    detectors = detectors_of(settings)
    tell("stages", 0.0)
    needed = 2 * settings.kafka.partitions * (plan.warm_events + max(plan.sizes.values()))  # partition 0 is walked
    cards = payments(needed, partitions=settings.kafka.partitions, labels=False)
    market = ticks(needed, partitions=settings.kafka.partitions)
    steps = {}
    for i, (size, events) in enumerate(plan.sizes.items()):
        tell("stages", (i + 1) / (1 + len(plan.sizes)))
        steps[str(size)] = payment_steps(
            settings, detectors, cards, size=size, warm=plan.warm_events, events=events
        ) | tick_steps(settings, market, size=size, warm=plan.warm_events, events=events)
    tell("stages", 1.0)
    return steps
