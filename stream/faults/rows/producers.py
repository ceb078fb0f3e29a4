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
_UNHEARD = 2_000  # records stored, at most, of which a producer had not heard yet: 0.1 s
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
    """Kill the load and start it again where its outbox would: behind the last record it had heard of as stored.

    What was stored since, and not heard of, is sent again.
    """
    scene.load.kill()
    scene.pause(*_DOWN_SECONDS)
    ends = _ends(scene)
    stored = _first_not_stored(scene.load.material, ends)
    first = max(0, stored - scene.draw.randrange(1, _UNHEARD))
    scene.facts["sent again"] = sum(ends) - first
    scene.load.restart(first)


def _ends(scene: Scene) -> list[int]:
    """How many records each lane's partition holds."""
    prefix = scene.settings.kafka.prefix
    places = [TopicPartition(prefix + topic, partition) for topic, partition in scene.load.material.lanes]
    consumer = KafkaConsumer(bootstrap_servers=scene.settings.kafka.bootstrap)
    try:
        ends = consumer.end_offsets(places)
    finally:
        consumer.close()
    return [ends[place] for place in places]


def _first_not_stored(material: Material, ends: list[int]) -> int:
    """Find the first record in order of time that its partition does not hold; later ones of others may stand."""
    missing = [material.in_lane(lane)[end:][:1] for lane, end in enumerate(ends)]
    return min((place for places in missing for place in places), default=len(material))


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
