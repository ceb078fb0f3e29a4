"""Harms by those who write the input: records twice and in disorder, and a producer that dies in mid-batch."""

from random import Random

import numpy as np
from kafka import KafkaConsumer, TopicPartition

from stream.bench.material import Material
from stream.faults.events import picked
from stream.faults.harm import Harm, Setup
from stream.faults.scene import Scene

TWICE = 0.1  # of the records are sent again
WINDOW = 2_000  # places a record may come too late: minutes of event time, and an hour is allowed
_DOWN_SECONDS = (0.0, 2.0)
_IDLE_MS = 15_000  # longer than all partitions are silent until the next producer has begun


def _twice_and_shuffled(material: Material, draw: Random) -> Material:
    """Send a share of the records twice, and each up to ``WINDOW`` places later than it was due."""
    rng = np.random.default_rng(draw.getrandbits(64))
    places = np.concatenate([np.arange(len(material)), np.flatnonzero(rng.random(len(material)) < TWICE)])
    late = places + rng.random(places.size) * WINDOW
    return picked(material, places[np.argsort(late, kind="stable")])


def _flow(_: Scene) -> None:
    """Nothing: the disorder is in the stream, before this moment and after it."""


def _kill_producer(scene: Scene) -> None:
    """Kill the load and start it again where its outbox would: at the oldest record it can't be sure of."""
    scene.load.kill()
    scene.pause(*_DOWN_SECONDS)
    first = _oldest_unsure(scene)
    scene.facts["sent again"] = scene.watch.offered() - first
    scene.load.restart(first)


def _oldest_unsure(scene: Scene) -> int:
    """Find the first record in order of time that its partition does not hold; later ones of others may stand."""
    material, prefix = scene.load.material, scene.settings.kafka.prefix
    consumer = KafkaConsumer(bootstrap_servers=scene.settings.kafka.bootstrap)
    try:
        ends = consumer.end_offsets([TopicPartition(prefix + topic, partition) for topic, partition in material.lanes])
    finally:
        consumer.close()
    oldest = len(material)
    for lane, (topic, partition) in enumerate(material.lanes):
        unsent = material.in_lane(lane)[ends[TopicPartition(prefix + topic, partition)] :]
        oldest = min([oldest, *unsent[:1]])
    return oldest


HARMS = (
    Harm(
        name="duplicates and disorder",
        sentence="A producer sends a tenth of the records twice, and all of them shuffled.",
        inflict=_flow,
        setup=Setup(spoil=_twice_and_shuffled),
        is_short=True,
    ),
    Harm(
        name="producer killed",
        sentence="A producer is ended by `kill -9` in mid-batch; the next one sends again what may not have arrived.",
        inflict=_kill_producer,
        setup=Setup(kafka={"idle_ms": _IDLE_MS}),
    ),
)
