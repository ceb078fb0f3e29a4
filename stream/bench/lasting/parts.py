"""The measurements that take long, and are made when they are asked for by name: how much of each."""

from collections.abc import Sequence

import msgspec

from stream.bench.ground import Ground, Progress
from stream.bench.lasting.growth import Growth, measure_growth
from stream.bench.lasting.pressure import Pressure, measure_pressure
from stream.bench.lasting.restart import Restart, measure_restart
from stream.bench.lasting.scale import Scale, measure_scale
from stream.bench.lasting.soak import Soak, measure_soak
from stream.settings import Settings
from stream.walk import detectors_of

NAMES = ("growth", "scale", "restart", "pressure", "soak")


class Lasting(msgspec.Struct, kw_only=True):
    """What was measured of these; None where it was not."""

    growth: Growth | None = None
    scale: Scale | None = None
    restart: Restart | None = None
    pressure: Pressure | None = None
    soak: Soak | None = None


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """How much of each.

    keys, history             customers, and payments of each in 30 days, of the curve over keys
    days, customers, a_day    lengths, keys, and payments of each per day, of the curve over windows
    growth_events             timed at each point of both
    scale_events, partitions  payments a run; numbers of partitions
    restart_keys              customers; each has made five payments
    factor, share, seconds    offered ÷ capacity; of its core that the worker is given; how long
    minutes                   of the soak
    state                     customers of back-pressure and soak, of 20 payments in 30 days each
    backlog                   payments by which capacity is measured there
    """

    keys: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    history: float = 20.0
    days: tuple[int, ...] = (1, 7, 30, 60, 90)
    customers: int = 50_000
    a_day: float = 1.9
    growth_events: int = 200_000
    scale_events: int = 500_000
    partitions: tuple[int, ...] = (4, 16, 64)
    restart_keys: int = 1_000_000
    factor: float = 3.0
    share: float = 0.2
    seconds: float = 300.0
    minutes: float = 60.0
    state: int = 50_000
    backlog: int = 500_000

    @classmethod
    def short(cls) -> "Extent":
        """A look whether everything works."""
        return cls(
            keys=(1_000, 10_000),
            days=(1, 30),
            customers=2_000,
            growth_events=16_384,
            scale_events=50_000,
            partitions=(4, 16),
            restart_keys=20_000,
            seconds=15.0,
            minutes=0.5,
            state=2_000,
            backlog=50_000,
        )


def measure_on_kafka(names: Sequence[str], extent: Extent, ground: Ground, found: Lasting) -> None:
    """Measure what is named and needs a broker."""
    if "scale" in names:
        found.scale = measure_scale(ground, events=extent.scale_events, partitions=extent.partitions)
    if "restart" in names:
        found.restart = measure_restart(ground, customers=extent.restart_keys, history=5.0)
    if "pressure" in names:
        found.pressure = measure_pressure(
            ground,
            factor=extent.factor,
            share=extent.share,
            seconds=extent.seconds,
            customers=extent.state,
            events=extent.backlog,
        )
    if "soak" in names:
        found.soak = measure_soak(ground, minutes=extent.minutes, customers=extent.state, events=extent.backlog)


def measure_in_process(
    names: Sequence[str], extent: Extent, settings: Settings, tell: Progress, found: Lasting
) -> None:
    """Measure what is named and needs none."""
    if "growth" in names:
        found.growth = measure_growth(
            settings,
            detectors_of(settings),
            keys=extent.keys,
            history=extent.history,
            days=extent.days,
            customers=extent.customers,
            a_day=extent.a_day,
            events=extent.growth_events,
            tell=lambda share: tell("growth", share),
        )
