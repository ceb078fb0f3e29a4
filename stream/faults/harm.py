"""A harm: what is done while events flow, to whom, and what kind of scene that takes."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from stream.bench.material import Material
from stream.faults.ground import Ground, one_broker

if TYPE_CHECKING:  # a scene is made for a harm
    from stream.faults.scene import Scene


def _unspoilt(material: Material, _: Random) -> Material:
    return material


def _nothing_around(_: "Scene") -> AbstractContextManager[None]:
    return nullcontext()


def _nothing_lacking() -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a scene is made of.

    workers     at the start
    rate        events per second offered: payments, labels and ticks together
    seconds     for how long; a lasting harm may outlast it
    between     shares of the load: when the harm may begin
    kafka       overrides of ``Settings.kafka``, by field name
    ground      makes the brokers, given a folder for their data; they stop on leaving
    is_shared   rows of the same ``ground`` may follow each other on one broker; False: the row harms the broker itself
    spoil       changes the events before they are offered (poison, duplicates, …): returns the changed material
    around      entered before the workers start, left after the row is judged: mounts, for instance
    log_level   of the workers
    within_seconds  after the harm, until lag 0: else the row is given up and judged as it stands
    """

    workers: int = 1
    rate: float = 20_000.0
    seconds: float = 15.0
    between: tuple[float, float] = (0.2, 0.7)
    kafka: Mapping[str, object] = field(default_factory=dict)
    ground: Callable[[Path], AbstractContextManager[Ground]] = one_broker
    is_shared: bool = True
    spoil: Callable[[Material, Random], Material] = _unspoilt
    around: Callable[["Scene"], AbstractContextManager[None]] = _nothing_around
    log_level: str = "WARNING"
    within_seconds: float = 120.0

    @property
    def events(self) -> int:
        """How many are offered."""
        return round(self.rate * self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """One row of the matrix.

    name      as ``--only`` takes it: "worker killed"
    sentence  what is done, as the table says it
    inflict   does it: called at the drawn moment, while events flow; draws all chance from ``scene.draw``. Time is
              counted from its return, or from ``scene.over()`` where it calls that before
    setup     of the scene
    lacks     says why this machine can't have it ("needs root"); "" where it can
    is_short  part of ``--short``
    """

    name: str
    sentence: str
    inflict: Callable[["Scene"], None]
    setup: Setup = field(default_factory=Setup)
    lacks: Callable[[], str] = _nothing_lacking
    is_short: bool = False
