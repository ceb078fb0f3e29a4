"""Harms to workers: killed, ended, frozen, added and taken away, at any moment."""

from stream.faults.harm import Harm, Setup
from stream.faults.scene import Scene


def _kill(scene: Scene) -> None:
    scene.fleet.kill(scene.fleet.workers[0])


HARMS = (
    Harm(
        name="worker killed",
        sentence="The worker is ended by `kill -9`, once.",
        inflict=_kill,
        setup=Setup(),
        is_short=True,
    ),
)
