"""Harms to workers: killed, ended, frozen, added and taken away, at any moment."""

import re
import time

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient

from stream.agents.spec import changelog_topic
from stream.faults.fleet import READY_SECONDS, Worker, wait_for
from stream.faults.harm import Harm, Setup
from stream.faults.scene import Scene
from stream.walk import STAGES

_TIMES = 20
_REBALANCE_SECONDS = 30.0


def kill_once(scene: Scene) -> None:
    """``kill -9``."""
    scene.fleet.kill(scene.fleet.workers[0])


def kill_often(scene: Scene) -> None:
    """``kill -9`` twenty times in a row: while it works, and while it starts, as chance has it."""
    at_work = 0
    for _ in range(_TIMES):
        worker = scene.fleet.workers[0]
        if scene.draw.random() < 0.4:
            scene.fleet.wait_ready(worker)
            scene.pause(0.0, 1.0)
        else:
            scene.pause(0.1, 3.0)
        at_work += worker.is_ready()
        scene.fleet.kill(worker)
    scene.facts["killed_at_work"] = at_work


def terminate(scene: Scene) -> None:
    """SIGTERM, as every supervisor sends it; time counts from when it has ended."""
    worker = scene.fleet.workers[0]
    scene.fleet.terminate(worker)
    wait_for(lambda: bool(worker.endings), what="it goes on", within_seconds=30.0)


def freeze(scene: Scene) -> None:
    """SIGSTOP until the group has long given its partitions to the other, then SIGCONT in the midst of whatever."""
    worker = scene.draw.choice(scene.fleet.workers)
    scene.fleet.freeze(worker)
    scene.pause(1.5 * scene.settings.kafka.session_seconds, 3.0 * scene.settings.kafka.session_seconds)
    scene.fleet.thaw(worker)


def come_and_go(scene: Scene) -> None:
    """One worker, two, three, one; each joins the group and works for a while before the next."""
    for count in (2, 3):
        scene.fleet.scale(count)
        scene.fleet.wait_ready(scene.fleet.workers[-1])
        scene.pause(0.5, 2.0)
    scene.fleet.scale(1)


def kill_both(scene: Scene) -> None:
    """Both workers within the same second."""
    first, second = scene.draw.sample(scene.fleet.workers, 2)
    scene.fleet.kill(first)
    scene.pause(0.0, 1.0)
    scene.fleet.kill(second)


def kill_beside(scene: Scene) -> None:
    """One of two workers, which is not started again until the other has taken its partitions over."""
    lost = scene.draw.choice(scene.fleet.workers)
    scene.fleet.lose(lost)
    scene.over()
    wait_for(
        lambda: scene.watch.seconds_to_processing() is not None,
        what="the other has not taken over",
        within_seconds=_REBALANCE_SECONDS,
    )
    [survivor] = scene.fleet.workers
    read = re.findall(r"event=recovered changelog_records=(\d+)", survivor.log.read_text())
    scene.facts["seconds_allowed"] = scene.settings.kafka.session_seconds + 2.0
    scene.facts["changelog_records_read"] = int(read[-1])
    scene.facts["changelog_records"] = changelog_records(scene)
    scene.fleet.scale(2)


def changelog_records(scene: Scene) -> int:
    """How many records the changelogs hold by now."""
    settings = scene.settings
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka.bootstrap)
    try:
        names = [changelog_topic(settings, stage) for stage in STAGES]
        return sum(
            consumer.end_offsets(
                [TopicPartition(name, p) for name in names for p in range(settings.kafka.partitions)]
            ).values()
        )
    finally:
        consumer.close()


def kill_in_recovery(scene: Scene) -> None:
    """Kill it, and twice more before it has read back its state."""
    worker = scene.fleet.workers[0]
    scene.fleet.kill(worker)
    seconds = _recovery_seconds(scene, worker)
    in_recovery = 0
    for _ in range(2):
        scene.fleet.kill(worker)
        _wait_start(worker)
        scene.pause(0.0, seconds)
        in_recovery += not worker.is_ready()
    scene.fleet.kill(worker)
    scene.facts["killed_in_recovery"] = in_recovery


def kill_in_rebalance(scene: Scene) -> None:
    """A third worker joins; while the group divides its partitions anew, one of the others is killed."""
    others = scene.fleet.workers
    scene.fleet.scale(len(others) + 1)
    admin = KafkaAdminClient(bootstrap_servers=scene.settings.kafka.bootstrap)
    try:
        wait_for(
            lambda: group_state(admin, scene.settings.kafka.group) != "Stable",
            what="no rebalance",
            within_seconds=_REBALANCE_SECONDS,
            look_seconds=0.005,
        )
        scene.pause(0.0, 0.2)
        scene.fleet.kill(scene.draw.choice(others))
        scene.facts["group_was"] = group_state(admin, scene.settings.kafka.group)
    finally:
        admin.close()


def group_state(admin: KafkaAdminClient, group: str) -> str:
    """Ask the coordinator for the group's state: Stable, PreparingRebalance and so on."""
    return str(admin.describe_groups([group])[group]["group_state"])


def _recovery_seconds(scene: Scene, worker: Worker) -> float:
    """How long it takes from its first answer until it has its partitions and their state."""
    _wait_start(worker)
    began = time.monotonic()
    scene.fleet.wait_ready(worker)
    return time.monotonic() - began


def _wait_start(worker: Worker) -> None:
    """Return when the process that follows a killed one is up."""
    wait_for(lambda: not worker.answers(), what="it still answers", within_seconds=10.0, look_seconds=0.005)
    wait_for(worker.answers, what="no answer", within_seconds=READY_SECONDS, look_seconds=0.02)


HARMS = (
    Harm(
        name="worker killed",
        sentence="The worker is ended by `kill -9`, once.",
        inflict=kill_once,
        is_short=True,
    ),
    Harm(
        name="worker killed twenty times",
        sentence="The worker is ended by `kill -9` twenty times in a row, at work or as it starts.",
        inflict=kill_often,
        setup=Setup(seconds=60.0, between=(0.05, 0.2), within_seconds=240.0),
    ),
    Harm(
        name="worker ended",
        sentence="The worker is ended by SIGTERM.",
        inflict=terminate,
        is_short=True,
    ),
    Harm(
        name="worker frozen",
        sentence="One of two workers is stopped by SIGSTOP for longer than the session timeout, then SIGCONT.",
        inflict=freeze,
        setup=Setup(workers=2, seconds=20.0, between=(0.2, 0.6)),
        is_short=True,
    ),
    Harm(
        name="workers come and go",
        sentence="One worker, then two, three, and one again, under load.",
        inflict=come_and_go,
        setup=Setup(seconds=30.0, between=(0.1, 0.3)),
        is_short=True,
    ),
    Harm(
        name="two workers killed",
        sentence="Two workers are ended by `kill -9` in the same second.",
        inflict=kill_both,
        setup=Setup(workers=2),
        is_short=True,
    ),
    Harm(
        name="worker killed beside another",
        sentence="One of two workers is ended by `kill -9`: the other takes its partitions over.",
        inflict=kill_beside,
        setup=Setup(workers=2, seconds=20.0, between=(0.4, 0.6), log_level="INFO"),
    ),
    Harm(
        name="worker killed in recovery",
        sentence="The worker is killed, and killed again while it reads back its state.",
        inflict=kill_in_recovery,
        setup=Setup(seconds=30.0, between=(0.1, 0.4)),
    ),
    Harm(
        name="worker killed in a rebalance",
        sentence="A third worker joins two, and while the group divides its partitions anew one of the two is killed.",
        inflict=kill_in_rebalance,
        setup=Setup(workers=2, seconds=20.0, between=(0.1, 0.5)),
    ),
)
