"""Creating topics: all of ``stream.wire.topics`` and one compacted changelog per stage, explicitly, once."""

from collections.abc import Iterable
from operator import itemgetter

import msgspec
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import AuthorizationError, KafkaError, TopicAlreadyExistsError

from stream.agents.spec import changelog_topic
from stream.connection import connect, denied
from stream.errors import MachineError
from stream.settings import Kafka, Settings
from stream.wire.topics import TOPICS, Topic

ANSWER_SECONDS = 5.0  # for a broker that is named; more is what supervisors are for
MAX_MESSAGE_BYTES = 16 << 20  # of what workers write for workers: one record holds the columns of a slice
_SEGMENT_MS = 10 * 60_000  # changelogs: a segment is compacted only once it is closed
_SEGMENT_BYTES = 64 << 20  # likewise: Kafka's own 1 GB a partition would all have to be read at a start


def create_topics(bootstrap: str, settings: Settings, stages: Iterable[str]) -> list[str]:
    """Create what is missing; returns the names of the topics that were created.

    bootstrap  host:port[,host:port]
    stages     names of the stage specs, each of which gets a changelog
    Raises MachineError where the broker does not answer, refuses, or holds a topic with another partition count;
    AccessError where topics lack that we may not create.
    """
    wanted = {settings.kafka.named(topic.name): _config(topic) for topic in TOPICS}
    wanted |= {changelog_topic(settings, stage): _changelog_config() for stage in stages}
    kafka = msgspec.structs.replace(settings.kafka, bootstrap=bootstrap)
    admin = admin_of(kafka)
    try:
        return _create(admin, wanted, settings)
    except AuthorizationError as error:
        raise denied(kafka, error) from error
    finally:
        admin.close()


def admin_of(kafka: Kafka) -> KafkaAdminClient:
    """Connect to a broker for its administration; raises MachineError where it does not answer or turns us away."""
    return connect(KafkaAdminClient, kafka, client_id="weir-topics", bootstrap_timeout_ms=int(ANSWER_SECONDS * 1000))


def _create(admin: KafkaAdminClient, wanted: dict[str, dict[str, str]], settings: Settings) -> list[str]:
    missing = sorted(set(wanted) - set(admin.list_topics()))
    new = [
        NewTopic(
            name=name,
            num_partitions=settings.kafka.partitions,
            replication_factor=settings.kafka.replication,
            topic_configs=wanted[name],
        )
        for name in missing
    ]
    try:
        if new:
            admin.create_topics(new, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        pass  # another process creates them too: what counts is checked below
    except AuthorizationError:
        raise
    except KafkaError as error:
        reason = getattr(error, "description", "") or type(error).__name__
        raise MachineError(
            f"Kafka did not create {', '.join(missing)}: {reason}",
            "Check kafka.replication against the number of brokers, and that topics may be created",
        ) from error
    for topic in sorted(admin.describe_topics(sorted(wanted)), key=itemgetter("name")):
        count = len(topic["partitions"])
        if count != settings.kafka.partitions:
            raise MachineError(
                f"Topic {topic['name']} has {count} partitions, expected {settings.kafka.partitions}",
                "Set kafka.partitions to what is there, or use another kafka.prefix",
            )
    return missing


def _config(topic: Topic) -> dict[str, str]:
    config = {
        "cleanup.policy": "compact" if topic.compact else "delete",
        "retention.ms": str(topic.retention_ms),
    }
    if topic.internal:
        config["max.message.bytes"] = str(MAX_MESSAGE_BYTES)
    return config


def _changelog_config() -> dict[str, str]:
    return {
        "cleanup.policy": "compact",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "segment.ms": str(_SEGMENT_MS),
        "segment.bytes": str(_SEGMENT_BYTES),
    }
