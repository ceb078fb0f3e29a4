"""The real pipeline on a broker: a small card world published, workers as processes, topics read as anyone would."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from kafka import KafkaConsumer, TopicPartition

from producers.cards import Cards
from producers.flow import publish
from producers.market import Market
from stream.agents.spec import changelog_topic
from stream.agents.tables import CHECKPOINT
from stream.agents.topics import create_topics
from stream.consume import consumer_of, read_to_end
from stream.replay import Keyed, Replay, outgoing
from stream.settings import Settings
from stream.walk import STAGES, detectors_of
from stream.wire.topics import BY_TERMINAL, LABELS, TICKS, TRANSACTIONS

ROOT = Path(__file__).parents[2]
WORLD = {"customers": 2_000, "terminals": 3_000, "days": 25, "label_delay_days": 2.0}
TICK_COUNT = 8_000
PATIENCE_SECONDS = 240.0


class Pipeline:
    """One test's topics, group and worker processes."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.settings = msgspec.convert(
            {
                "kafka": {
                    "bootstrap": bootstrap,
                    "prefix": prefix,
                    "group": f"{prefix}group",
                    "commit_seconds": 0.3,
                    "slice_records": 40,  # slow, so that it can be ended in mid-stream
                },
                "market": {"bar_seconds": 10},
                "alerts": {"cooldown_seconds": 600},
            },
            Settings,
        )
        create_topics(bootstrap, self.settings, STAGES)

    @staticmethod
    def events() -> list[Keyed]:
        """A month of a small world, and some minutes of a market."""
        ticks = Market(seed=5, config={}).records()
        return [*Cards(seed=5, config=WORLD).records(), *(next(ticks) for _ in range(TICK_COUNT))]

    def publish(self) -> None:
        """Publish them as fast as Kafka takes them."""
        bootstrap = self.settings.kafka.bootstrap
        publish(Cards(seed=5, config=WORLD), bootstrap=bootstrap, settings=self.settings)
        publish(Market(seed=5, config={}), bootstrap=bootstrap, settings=self.settings, count=TICK_COUNT)

    def replayed(self) -> tuple[Replay, dict[str, list[bytes]]]:
        """What a replay makes of the same events: its stages, and its records by topic."""
        replay = Replay(self.settings, detectors_of(self.settings))
        found: dict[str, list[bytes]] = {}
        for record in outgoing(replay.run(self.events())):
            found.setdefault(record.topic, []).append(record.value)
        return replay, found

    @contextlib.contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run ``weir worker``; it is killed if the test leaves it running."""
        kafka = self.settings.kafka
        told = {
            "WEIR_BOOTSTRAP": kafka.bootstrap,
            "WEIR_KAFKA_PREFIX": kafka.prefix,
            "WEIR_KAFKA_GROUP": kafka.group,
            "WEIR_KAFKA_COMMIT_SECONDS": str(kafka.commit_seconds),
            "WEIR_KAFKA_SLICE_RECORDS": str(kafka.slice_records),
            "WEIR_MARKET_BAR_SECONDS": str(self.settings.market.bar_seconds),
            "WEIR_ALERTS_COOLDOWN_SECONDS": str(self.settings.alerts.cooldown_seconds),
            "WEIR_WORKER_METRICS_PORT": "0",
        }
        command = [sys.executable, "-m", "stream", "worker"]
        with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **told}) as process:
            try:
                yield process
            finally:
                process.kill()

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
        consumer = consumer_of(self.settings, [topic], from_beginning=True)
        values = [value for _, value in read_to_end(consumer)]
        consumer.close()
        return values

    def state(self, stage: str) -> dict[tuple[int, bytes], bytes]:
        """The last row of each key on a changelog, checkpoints aside."""
        kafka = self.settings.kafka
        consumer = KafkaConsumer(
            bootstrap_servers=kafka.bootstrap, group_id=None, auto_offset_reset="earliest", max_poll_records=5_000
        )
        places = [TopicPartition(changelog_topic(self.settings, stage), p) for p in range(kafka.partitions)]
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        rows: dict[tuple[int, bytes], bytes | None] = {}
        while any(consumer.position(place) < end for place, end in ends.items()):
            for place, records in consumer.poll(timeout_ms=200).items():
                rows.update({(place.partition, record.key): record.value for record in records})
        consumer.close()
        return {key: value for key, value in rows.items() if key[1] != CHECKPOINT and value is not None}


def end(worker: "subprocess.Popen[bytes]", number: int = signal.SIGTERM) -> int:
    """Signal a worker and wait for its exit code."""
    worker.send_signal(number)
    return worker.wait(60)
