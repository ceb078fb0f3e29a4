"""Harms to topics: an output that refuses what is written to it, and a changelog that is deleted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from stream.agents.spec import changelog_topic
from stream.agents.topics import create_topics
from stream.errors import WeirError
from stream.faults.harm import Harm
from stream.faults.scene import Scene
from stream.faults.waiting import wait_for
from stream.run.children import Child
from stream.walk import STAGES
from stream.wire.topics import ALERTS, DEAD_LETTERS, RISK, SCORES

OUTPUTS = (ALERTS.name, RISK.name, SCORES.name, DEAD_LETTERS.name)
REFUSING_SECONDS = (3.0, 12.0)
TOO_SHORT_BYTES = 200  # for an alert, not for what a fence writes
_REFUSED_SECONDS = 120.0  # until the worker has ended by itself
_REBUILD_SECONDS = 60.0
_NO_REPLICAS = {"min.insync.replicas": "2"}
_NO_ALERTS = {"max.message.bytes": str(TOO_SHORT_BYTES)}


def _lack_replicas(scene: Scene) -> None:
    """Let a drawn output topic want more replicas than there are brokers: Kafka asks to try again."""
    topic = scene.draw.choice(OUTPUTS)
    scene.facts["topic"] = topic
    with _changed(scene, topic, _NO_REPLICAS):
        scene.pause(*REFUSING_SECONDS)


def _refuse_alerts(scene: Scene) -> None:
    """Let ``alerts`` take no alert: no retry helps, the worker ends, and so do those started after it."""
    endings = scene.fleet.workers[0].endings
    with _changed(scene, ALERTS.name, _NO_ALERTS):
        wait_for(lambda: 1 in endings, what="the worker goes on", within_seconds=_REFUSED_SECONDS)
        scene.pause(0.0, 10.0)


@contextmanager
def _changed(scene: Scene, topic: str, settings: Mapping[str, str]) -> Iterator[None]:
    """Give a topic other settings for a while."""
    admin = KafkaAdminClient(bootstrap_servers=scene.settings.kafka.bootstrap)
    name = scene.settings.kafka.prefix + topic
    try:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, dict(settings))])
        yield
    finally:
        admin.reset_configs([ConfigResource(ConfigResourceType.TOPIC, name, dict(settings))])
        admin.close()


def _lose_changelog_at_rest(scene: Scene) -> None:
    """Delete the changelog of a drawn stage while no worker runs; the next one refuses, an operator rebuilds."""
    stage = _drawn_stage(scene)
    scene.fleet.scale(0)
    _delete(scene, changelog_topic(scene.settings, stage))
    _refused_then_rebuilt(scene, stage)


def _lose_changelog_at_work(scene: Scene) -> None:
    """Delete the changelog of a drawn stage under a worker, and make it anew, empty, as a careless script would."""
    stage = _drawn_stage(scene)
    endings = scene.fleet.workers[0].endings
    _delete(scene, changelog_topic(scene.settings, stage))
    if scene.draw.random() < 1 / 2:
        scene.facts["made anew"] = "at once"
        create_topics(scene.settings.kafka.bootstrap, scene.settings, STAGES)
    wait_for(lambda: 1 in endings, what="the worker goes on", within_seconds=_REFUSED_SECONDS)
    scene.fleet.scale(0)
    _refused_then_rebuilt(scene, stage)


def _drawn_stage(scene: Scene) -> str:
    stage = scene.draw.choice(STAGES)
    scene.facts["stage"] = stage
    return stage


def _delete(scene: Scene, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=scene.settings.kafka.bootstrap)
    try:
        admin.delete_topics([topic])
        wait_for(lambda: topic not in admin.list_topics(), what=f"{topic} is still there", within_seconds=30.0)
    finally:
        admin.close()


def _refused_then_rebuilt(scene: Scene, stage: str) -> None:
    """Start a worker that must refuse, do what it says, and start it again."""
    scene.fleet.scale(1)
    (worker,) = scene.fleet.workers
    word = f"weir rebuild {stage}"
    wait_for(lambda: 1 in worker.endings, what="the worker does not refuse", within_seconds=_REFUSED_SECONDS)
    scene.fleet.scale(0)
    if word not in worker.log.read_text(errors="replace"):
        raise WeirError(f"the worker ended without the words {word!r}")
    _rebuild(scene, stage)
    scene.fleet.scale(1)


def _rebuild(scene: Scene, stage: str) -> None:
    """Run ``weir rebuild``, again while Kafka still counts workers that are gone."""
    kafka = scene.settings.kafka
    names = ("bootstrap", "prefix", "group", "partitions")
    environment = {f"WEIR_KAFKA_{name.upper()}": str(getattr(kafka, name)) for name in names}

    def is_rebuilt() -> bool:
        child = Child.start("rebuild", ["rebuild", stage], folder=scene.folder, environment=environment)
        status = child.process.wait()
        child.stop()
        return status == 0

    wait_for(is_rebuilt, what="`weir rebuild` refuses", within_seconds=_REBUILD_SECONDS)


HARMS = (
    Harm(
        name="output not writable",
        sentence="An output topic lacks replicas and refuses all writes for 3 to 12 s; they are tried again.",
        inflict=_lack_replicas,
    ),
    Harm(
        name="alerts refused",
        sentence="The topic of alerts refuses every alert for good; workers end and are started until it is mended.",
        inflict=_refuse_alerts,
    ),
    Harm(
        name="changelog lost at rest",
        sentence="A changelog is deleted while no worker runs: the next refuses, `weir rebuild`, and it goes on.",
        inflict=_lose_changelog_at_rest,
        is_short=True,
    ),
    Harm(
        name="changelog lost at work",
        sentence="A changelog is deleted under a worker, and perhaps made anew, empty: it ends; `weir rebuild`.",
        inflict=_lose_changelog_at_work,
    ),
)
