"""Harms between worker and broker: the load and the judge reach the broker directly, the workers through a proxy."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployment.local.kafka import LocalKafka
from deployment.local.needs import free_port
from deployment.local.properties import Detour
from deployment.local.proxy import Proxy
from stream.faults.ground import Ground
from stream.faults.harm import Harm, Setup
from stream.faults.scene import Scene

SHORT_CUT_SECONDS, LONG_CUT_SECONDS = 5.0, 60.0
DELAY_MS, DELAYED_SECONDS = 200.0, 20.0  # each way
THROTTLED_SECONDS = 20.0
THROTTLED_BYTES_PER_SECOND = 300_000.0  # each way; a worker needs five times as much at 20,000 events/s


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted(Ground):
    """A broker that the workers reach through a proxy alone."""

    proxy: Proxy


@contextmanager
def parted(folder: Path) -> Iterator[Parted]:
    """A single broker with its data in ``folder``, and a proxy before it."""
    detour = Detour(listen=free_port(0), forward=free_port(0))
    with LocalKafka.start(folder=folder / "kafka", detour=detour) as broker, Proxy.start(detour) as proxy:
        yield Parted(
            brokers=[broker],
            bootstrap=broker.bootstrap,
            worker_bootstrap=f"127.0.0.1:{detour.listen}",
            proxy=proxy,
        )


def _cut_shortly(scene: Scene) -> None:
    _cut(scene, SHORT_CUT_SECONDS)


def _cut_for_long(scene: Scene) -> None:
    _cut(scene, LONG_CUT_SECONDS)


def _cut(scene: Scene, seconds: float) -> None:
    with _mended(scene) as proxy:
        proxy.cut()
        time.sleep(seconds)


def _delay(scene: Scene) -> None:
    with _mended(scene) as proxy:
        proxy.delay(DELAY_MS)
        time.sleep(DELAYED_SECONDS)


def _throttle(scene: Scene) -> None:
    with _mended(scene) as proxy:
        proxy.throttle(THROTTLED_BYTES_PER_SECOND)
        time.sleep(THROTTLED_SECONDS)


@contextmanager
def _mended(scene: Scene) -> Iterator[Proxy]:
    """What stands between, to be harmed within, and whole again after."""
    assert isinstance(scene.ground, Parted)  # what ``_SETUP`` asks for
    try:
        yield scene.ground.proxy
    finally:
        scene.ground.proxy.mend()


_SETUP = Setup(ground=parted)

HARMS = (
    Harm(
        name="network cut 5 s",
        sentence="The network between worker and broker is cut for 5 s.",
        inflict=_cut_shortly,
        setup=_SETUP,
        is_short=True,
    ),
    Harm(
        name="network cut 60 s",
        sentence="The network between worker and broker is cut for 60 s.",
        inflict=_cut_for_long,
        setup=_SETUP,
    ),
    Harm(
        name="network delayed",
        sentence="All between worker and broker arrives 200 ms later, each way, for 20 s.",
        inflict=_delay,
        setup=_SETUP,
    ),
    Harm(
        name="network throttled",
        sentence="Between worker and broker pass 300 kB a second each way, less than is needed, for 20 s.",
        inflict=_throttle,
        setup=_SETUP,
    ),
)
