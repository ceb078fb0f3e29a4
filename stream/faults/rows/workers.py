"""Harms to workers: killed, ended, frozen, added and taken away, at any moment."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient

from stream.agents.spec import changelog_topic
from stream.errors import WeirError
from stream.faults.fleet import READY_SECONDS, Worker
from stream.faults.harm import Harm, Setup
from stream.faults.scene import Scene
from stream.faults.waiting import wait_for
from stream.walk import STAGES

_TIMES = 20  # kills in a row
_TRIES = 8
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
    """Kill it, see how long it takes to read back its state, and kill it twice within as long."""
    worker = scene.fleet.workers[0]
    scene.fleet.kill(worker)
    with _asking(scene) as admin:
        _wait_assigned(scene, worker, admin)
        began = time.monotonic()
        scene.fleet.wait_ready(worker)
        seconds = time.monotonic() - began
        hits = kills = 0
        while hits < 2:
            scene.fleet.kill(worker)
            _wait_assigned(scene, worker, admin)
            scene.pause(0.0, seconds)
            hits += not worker.is_ready()
            kills += 1
            if kills > _TRIES:
                raise WeirError("the worker was always ready before it was killed")
    scene.fleet.kill(worker)
    scene.facts["recovery_seconds"] = round(seconds, 2)
    scene.facts["kills"] = kills + 1


def kill_in_rebalance(scene: Scene) -> None:
    """A third worker joins; while the group divides its partitions anew, one of the others is killed."""
    others = scene.fleet.workers
    scene.fleet.scale(len(others) + 1)
    with _asking(scene) as admin:
        _wait_state(scene, admin, lambda state: state != "Stable")
        scene.pause(0.0, 0.2)
        scene.fleet.kill(scene.draw.choice(others))
        scene.facts["group_was"] = group_state(admin, scene.settings.kafka.group)


def group_state(admin: KafkaAdminClient, group: str) -> str:
    """Ask the coordinator for the group's state: Stable, PreparingRebalance and so on."""
    return str(admin.describe_groups([group])[group]["group_state"])


@contextmanager
def _asking(scene: Scene) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=scene.settings.kafka.bootstrap)
    try:
        yield admin
    finally:
        admin.close()


def _wait_state(scene: Scene, admin: KafkaAdminClient, is_so: Callable[[str], bool]) -> None:
    wait_for(
        lambda: is_so(group_state(admin, scene.settings.kafka.group)),
        what="the group's state is not the one waited for",
        within_seconds=_REBALANCE_SECONDS,
        look_seconds=0.005,
    )


def _wait_assigned(scene: Scene, worker: Worker, admin: KafkaAdminClient) -> None:
    """Return when the process that follows a killed one has its partitions, and begins to read back their state."""
    wait_for(lambda: not worker.answers(), what="it still answers", within_seconds=10.0, look_seconds=0.005)
    wait_for(worker.answers, what="no answer", within_seconds=READY_SECONDS, look_seconds=0.02)
    _wait_state(scene, admin, lambda state: state != "Stable")  # until it joins, the killed one counts as a member
    _wait_state(scene, admin, lambda state: state == "Stable")


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
