"""What a test does on a broker beside the worker: produce, read back, run workers as processes, and fold by hand."""

import contextlib
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from stream.agents.spec import changelog_topic
from stream.agents.tables import CHECKPOINT
from stream.agents.topics import create_topics
from stream.settings import Settings
from tests.stream.agents.counting import EVERY, PARTITIONS, SHUFFLE, SOURCE, SPECS, Row, settings_for

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 60.0


class Cluster:
    """One test's topics and group on a broker."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.bootstrap, self.prefix = bootstrap, prefix
        self.settings: Settings = settings_for(bootstrap, prefix)
        create_topics(bootstrap, self.settings, [spec.name for spec in SPECS])

    @contextlib.contextmanager
    def worker(self, log: Path | None = None, *, instance: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker process, its log in a file if asked; it is killed if the test leaves it running."""
        command = [sys.executable, "-m", "tests.stream.agents.counting", self.bootstrap, self.prefix, instance]
        with contextlib.ExitStack() as stack:
            stderr = None if log is None else stack.enter_context(log.open("ab"))
            process = stack.enter_context(subprocess.Popen(command, cwd=ROOT, stderr=stderr))
            try:
                yield process
            finally:
                process.kill()

    def produce(self, count: int, *, seconds: float = 0.0, seed: int = 1) -> None:
        """Publish records over some seconds, keys drawn unevenly from 97."""
        draw = random.Random(seed)
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=2)
        began = time.monotonic()
        for i in range(count):
            key = b"k%d" % int(97 * draw.random() ** 2)
            producer.send(self.prefix + SOURCE, value=key, key=key)
            ahead = began + seconds * i / count - time.monotonic()
            if ahead > 0.005:
                time.sleep(ahead)
        producer.flush()
        producer.close()

    @contextlib.contextmanager
    def producing(self, count: int, *, seconds: float) -> Iterator[Thread]:
        """Publish beside what the test does in the block; to be joined."""
        thread = Thread(target=self.produce, args=(count,), kwargs={"seconds": seconds})
        thread.start()
        try:
            yield thread
        finally:
            thread.join()

    def send(self, topic: str, values: list[bytes], partition: int) -> None:
        """Publish values to one partition."""
        producer = KafkaProducer(bootstrap_servers=self.bootstrap)
        for value in values:
            producer.send(self.prefix + topic, value=value, partition=partition)
        producer.flush()
        producer.close()

    def read(self, topic: str) -> list[tuple[int, int, bytes | None, bytes | None, dict[str, bytes]]]:
        """All records of a topic (named in full): partition, offset, key, value, headers."""
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap)
        partitions = [TopicPartition(topic, p) for p in range(PARTITIONS)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        found = []
        while any(consumer.position(tp) < ends[tp] for tp in partitions):
            for records in consumer.poll(200).values():
                found += [(r.partition, r.offset, r.key, r.value, dict(r.headers)) for r in records]
        consumer.close()
        return found

    def ids(self, topic: str) -> Counter[str]:
        """How often each id stands on a topic."""
        return Counter(headers["id"].decode() for *_, headers in self.read(self.prefix + topic))

    def lag(self) -> int:
        """Records of both stages' sources that the group has not committed."""
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, group_id=self.settings.kafka.group)
        partitions = [TopicPartition(self.prefix + topic, p) for topic in (SOURCE, SHUFFLE) for p in range(PARTITIONS)]
        ends = consumer.end_offsets(partitions)
        lag = sum(ends[tp] - (consumer.committed(tp) or 0) for tp in partitions)
        consumer.close()
        return lag

    def wait_for(self, condition: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
        """Wait until a condition holds; fails where it never does or the worker ends before."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert process is None or process.poll() is None, f"the worker ended with {process.returncode}"
            assert time.monotonic() < until, "waited too long"
            time.sleep(0.1)

    def workers(self) -> int:
        """Members of the group, once it has settled on who reads what; 0 while it has not."""
        with contextlib.closing(KafkaAdminClient(bootstrap_servers=self.bootstrap)) as admin:
            try:
                group = admin.describe_groups([self.settings.kafka.group])[self.settings.kafka.group]
            except KafkaError:  # a new broker has no coordinator before the first group
                return 0
        return len(group["members"]) if group["group_state"] == "Stable" else 0

    def drain(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until all is committed, twice over: the second stage's source grows while the first is drained."""
        for _ in range(2):
            self.wait_for(lambda: self.lag() == 0, process)

    def state(self, stage: str) -> dict[bytes, Row]:
        """The rows of a stage as its changelog has them."""
        rows: dict[bytes, Row] = {}
        for _, _, key, value, _ in self.read(changelog_topic(self.settings, stage)):
            if key != CHECKPOINT:
                rows[key or b""] = msgspec.msgpack.decode(value or b"", type=tuple[int, int])
        return rows

    def folded(self) -> tuple[dict[bytes, Row], set[str], int]:
        """Fold the source by hand: the rows of both stages, the ids that ``count`` must have told, how many records."""
        rows: dict[bytes, Row] = {}
        ids: set[str] = set()
        records = self.read(self.prefix + SOURCE)
        for partition, offset, _, value, _ in records:
            key = value or b""
            count = rows.get(key, (0, 0))[0] + 1
            rows[key] = (count, offset)
            if count % EVERY == 0:
                ids.add(f"{SOURCE}-{partition}-{offset}")
        return rows, ids, len(records)


def stop(process: subprocess.Popen[bytes]) -> int:
    """Stop a worker in order; returns its exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(30)
