"""The clients against Kafka's official image, where a Docker engine answers."""

import socket
from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from deployment.local.choose import require_answer
from stream.settings import Kafka
from tests.deployment.engine import engine_missing

IMAGE = "apache/kafka:4.1.0"


@pytest.fixture(scope="module")
def containerised() -> Iterator[str]:
    """``host:port`` of a Kafka in a container; skipped where there is no engine or no such image."""
    if why := engine_missing("info") or (engine_missing("image", "inspect", IMAGE) and engine_missing("pull", IMAGE)):
        pytest.skip(why)
    testcontainers_config.ryuk_disabled = True  # needs an image of its own; we stop what we started
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    container = (
        DockerContainer(IMAGE)
        .with_bind_ports(9092, port)
        .with_env("CLUSTER_ID", "d2Vpci1sb2NhbC1rYWZrYQ")
        .with_env("KAFKA_NODE_ID", "1")
        .with_env("KAFKA_PROCESS_ROLES", "broker,controller")
        .with_env("KAFKA_LISTENERS", "PLAINTEXT://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093")
        .with_env("KAFKA_ADVERTISED_LISTENERS", f"PLAINTEXT://127.0.0.1:{port}")
        .with_env("KAFKA_CONTROLLER_LISTENER_NAMES", "CONTROLLER")
        .with_env("KAFKA_CONTROLLER_QUORUM_VOTERS", "1@127.0.0.1:9093")
        .with_env("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", "1")
        .with_env("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0")
        .with_env("KAFKA_HEAP_OPTS", "-Xmx512m")
    )
    with container:
        require_answer(Kafka(bootstrap=f"127.0.0.1:{port}"), within_seconds=60.0)
        yield f"127.0.0.1:{port}"


@pytest.mark.kafka
def test_records_pass_through_the_official_image(containerised: str, prefix: str) -> None:
    """What one client wrote to a Kafka in a container, another reads back in order."""
    admin = KafkaAdminClient(bootstrap_servers=containerised)
    admin.create_topics([NewTopic(f"{prefix}walk", 1, 1)])
    producer = KafkaProducer(bootstrap_servers=containerised)
    for number in range(100):
        producer.send(f"{prefix}walk", b"%d" % number)
    producer.flush(timeout=20)
    consumer = KafkaConsumer(
        f"{prefix}walk", bootstrap_servers=containerised, auto_offset_reset="earliest", consumer_timeout_ms=20_000
    )
    read = [next(consumer).value for _ in range(100)]
    consumer.close()
    producer.close()
    admin.close()

    assert read == [b"%d" % number for number in range(100)]
