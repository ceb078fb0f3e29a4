"""Three brokers hold together when one is lost, and it is told which one leads."""

from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic

from deployment.local.cluster import BROKERS, LocalCluster

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Three brokers of our own."""
    with LocalCluster.start() as running:
        yield running


def test_the_loss_of_a_leader_is_survived_and_it_comes_back(cluster: LocalCluster, prefix: str) -> None:
    """The leader of a partition is killed: another leads, takes records, and the lost one catches up later."""
    topic = f"{prefix}led"
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    admin.create_topics([NewTopic(topic, 1, BROKERS)], wait_for_metadata=True)
    producer = KafkaProducer(bootstrap_servers=cluster.bootstrap, acks="all")
    producer.send(topic, b"before").get(timeout=30)
    leader = cluster.leader_of(topic, 0)

    leader.kill()
    successor = cluster.leader_of(topic, 0, other_than=leader)
    written = producer.send(topic, b"after").get(timeout=30)
    leader.restart()

    assert successor is not leader
    assert written.offset == 1
    assert cluster.leader_of(topic, 0).is_running
    producer.close()
    admin.close()


def test_topics_are_held_by_all_and_written_by_two(cluster: LocalCluster, prefix: str) -> None:
    """Created with the brokers' own defaults, a topic stands on all three and takes writes while two hold it."""
    topic = f"{prefix}copies"
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    admin.create_topics([NewTopic(topic, 1, -1)], wait_for_metadata=True)

    cluster.leader_of(topic, 0)  # whichever broker is asked may have heard of the topic a moment later
    (described,) = admin.describe_topics([topic])
    while not described["partitions"]:
        (described,) = admin.describe_topics([topic])
    asked = ConfigResource(ConfigResourceType.TOPIC, topic)
    settings = admin.describe_configs([asked], config_filter="all")["topic"][topic]

    assert sorted(described["partitions"][0]["replica_nodes"]) == [1, 2, 3]
    assert settings["min.insync.replicas"]["value"] == "2"
    admin.close()


def test_stop_leaves_no_broker() -> None:
    """After the context is left no broker runs and no data is left, one that is paused included."""
    with LocalCluster.start() as running:
        running.nodes[2].pause()

    assert not any(node.is_running or node.folder.exists() for node in running.nodes.values())
