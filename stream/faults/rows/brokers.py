"""Harms to brokers: the only one crashes, restarts or stands still; one of three that leads is lost."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from deployment.local.cluster import BROKERS, LocalCluster
from deployment.local.kafka import LocalKafka
from stream.agents.spec import changelog_topic
from stream.faults.ground import Ground
from stream.faults.harm import Harm, Setup
from stream.faults.scene import Scene
from stream.faults.watch import INPUTS
from stream.walk import STAGES

PAUSED_SECONDS = 30.0
LOST_SECONDS = 10.0
_DOWN_SECONDS = (0.0, 5.0)  # between a crash and the restart
# Until the controller notices that a broker is gone (3 s as ours are set) no record of any partition is acknowledged or
# shown to a reader, though the others answer: a silence as good as any, unless ``kafka.idle_ms`` is longer.
_LONGEST_STALL_MS = 12_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Three(Ground):
    """Three brokers that hold every partition."""

    cluster: LocalCluster


@contextmanager
def three_brokers(_: Path) -> Iterator[Three]:
    """A cluster with temporary data."""
    with LocalCluster.start() as cluster:
        yield Three(
            brokers=list(cluster.nodes.values()),
            bootstrap=cluster.bootstrap,
            worker_bootstrap=cluster.bootstrap,
            cluster=cluster,
        )


def _kill(scene: Scene) -> None:
    broker = _only(scene)
    broker.kill()
    scene.pause(*_DOWN_SECONDS)
    broker.restart()


def _restart(scene: Scene) -> None:
    broker = _only(scene)
    broker.end()
    broker.restart()


def _pause(scene: Scene) -> None:
    broker = _only(scene)
    broker.pause()
    try:
        time.sleep(PAUSED_SECONDS)
    finally:
        broker.resume()


def _lose_leader(scene: Scene) -> None:
    """Kill the leader of a drawn partition, as often of an input as of a changelog, and bring it back later."""
    assert isinstance(scene.ground, Three)  # what its setup asks for
    inputs = [scene.settings.kafka.prefix + topic for topic in INPUTS]
    changelogs = [changelog_topic(scene.settings, stage) for stage in STAGES]
    topic = scene.draw.choice(scene.draw.choice((inputs, changelogs)))
    partition = scene.draw.randrange(scene.settings.kafka.partitions)
    leader = scene.ground.cluster.leader_of(topic, partition)
    scene.facts["led"] = f"{topic.removeprefix(scene.settings.kafka.prefix)}-{partition}"
    leader.kill()
    time.sleep(LOST_SECONDS)
    leader.restart()


def _only(scene: Scene) -> LocalKafka:
    (broker,) = scene.ground.brokers
    return broker


_SETUP = Setup(is_shared=False)

HARMS = (
    Harm(
        name="broker killed",
        sentence="The only broker is ended by `kill -9` and started again within 5 s.",
        inflict=_kill,
        setup=_SETUP,
        is_short=True,
    ),
    Harm(
        name="broker restarted",
        sentence="The only broker is restarted in order.",
        inflict=_restart,
        setup=_SETUP,
    ),
    Harm(
        name="broker paused 30 s",
        sentence="The only broker stands still for 30 s (SIGSTOP, then SIGCONT).",
        inflict=_pause,
        setup=_SETUP,
    ),
    Harm(
        name="leader lost",
        sentence="Of three brokers one that leads a partition of an input or a changelog is lost for 10 s (`kill -9`).",
        inflict=_lose_leader,
        setup=replace(_SETUP, ground=three_brokers, kafka={"replication": BROKERS, "idle_ms": _LONGEST_STALL_MS}),
    ),
)
