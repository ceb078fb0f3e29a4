"""The real pipeline on a broker: a worker as a process, topics read as anyone would."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from kafka import KafkaConsumer, TopicPartition

from stream.agents.topics import create_topics
from stream.consume import consumer_of, read_to_end
from stream.settings import Settings
from stream.walk import STAGES
from stream.wire.topics import BY_TERMINAL, LABELS, TICKS, TRANSACTIONS

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240.0


def settings_for(bootstrap: str, prefix: str, **kafka: object) -> Settings:
    """Settings of one test: a prefix and a group of its own."""
    own = {"bootstrap": bootstrap, "prefix": prefix, "group": f"{prefix}group", "commit_seconds": 0.3}
    return msgspec.convert({"kafka": own | kafka}, Settings)


@contextlib.contextmanager
def worker_of(
    settings: Settings,
    *,
    told: Mapping[str, str] | None = None,
    log: Path | None = None,
    options: Sequence[str] = (),
) -> "Iterator[subprocess.Popen[bytes]]":
    """Run ``weir worker``; it is killed if the test leaves it running.

    told     more of its environment
    log      where its standard error goes; None: with ours
    options  of the command
    """
    kafka = settings.kafka
    environment = {
        "WEIR_BOOTSTRAP": kafka.bootstrap,
        "WEIR_KAFKA_PREFIX": kafka.prefix,
        "WEIR_KAFKA_GROUP": kafka.group,
        "WEIR_KAFKA_COMMIT_SECONDS": str(kafka.commit_seconds),
        "WEIR_WORKER_METRICS_PORT": "0",
        **(told or {}),
    }
    command = [sys.executable, "-m", "stream", "worker", *options]
    with contextlib.ExitStack() as stack:
        sink = None if log is None else stack.enter_context(log.open("wb"))
        process = stack.enter_context(
            subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stderr=sink)
        )
        try:
            yield process
        finally:
            process.kill()


class Pipeline:
    """One test's topics, group and worker processes."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.settings = settings_for(bootstrap, prefix)
        create_topics(bootstrap, self.settings, STAGES)

    def worker(self) -> "contextlib.AbstractContextManager[subprocess.Popen[bytes]]":
        """Run ``weir worker``."""
        return worker_of(self.settings)

    def drain(self, worker: "subprocess.Popen[bytes]") -> None:
        """Wait until the group has committed everything."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.lag():
            assert worker.poll() is None, f"the worker ended with {worker.returncode}"
            assert time.monotonic() < deadline, f"{self.lag()} records are still waiting"
            time.sleep(0.2)

    def lag(self) -> int:
        """Records of all input topics not committed yet."""
        kafka = self.settings.kafka
        consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=kafka.group, enable_auto_commit=False)
        places = [
            TopicPartition(kafka.prefix + topic.name, p)
            for topic in (TRANSACTIONS, LABELS, TICKS, BY_TERMINAL)
            for p in range(kafka.partitions)
        ]
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        lag = sum(end - (consumer.committed(place) or 0) for place, end in ends.items())
        consumer.close()
        return int(lag)

    def read(self, topic: str) -> list[bytes]:
        """All values on a topic, partition by partition in order."""
        return values_on(self.settings, topic)


def values_on(settings: Settings, topic: str) -> list[bytes]:
    """All values on a topic, partition by partition in order."""
    consumer = consumer_of(settings, [topic], from_beginning=True)
    values = [value for _, value in read_to_end(consumer)]
    consumer.close()
    return values


def end(worker: "subprocess.Popen[bytes]", number: int = signal.SIGTERM) -> int:
    """Signal a worker and wait for its exit code."""
    worker.send_signal(number)
    return worker.wait(60)
