"""A broker with alerts on it, and an analyst's shell beside it."""

import time
from collections.abc import Callable
from pathlib import Path

from kafka import KafkaProducer

from stream.agents.topics import create_topics
from stream.consume import consumer_of, read_to_end
from stream.settings import Settings
from stream.wire.codec import encode
from stream.wire.events import Alert, Event
from stream.wire.topics import ALERTS
from tests.commands.shell import Shell
from tests.integration.pipeline import settings_for

PATIENCE_SECONDS = 120.0


class Analyst:
    """One test's topics, the alerts on them, and the commands of one who looks at them."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path, **settings: str) -> None:
        self.settings: Settings = settings_for(bootstrap, prefix)
        self.shell = Shell(
            folder,
            WEIR_BOOTSTRAP=bootstrap,
            WEIR_KAFKA_PREFIX=prefix,
            WEIR_KAFKA_GROUP=self.settings.kafka.group,
            WEIR_NOTIFY_METRICS_PORT="0",
            WEIR_MONITOR_METRICS_PORT="0",
            **settings,
        )
        create_topics(bootstrap, self.settings, stages=())

    def publish(self, *alerts: Alert | bytes) -> None:
        """Put alerts on their topic, all on partition 0, in order."""
        self.put(ALERTS.name, *alerts)

    def put(self, topic: str, *events: Event | bytes) -> None:
        """Put events on a topic, as a worker or producer does."""
        producer = KafkaProducer(bootstrap_servers=self.settings.kafka.bootstrap)
        for event in events:
            value = event if isinstance(event, bytes) else encode(event)
            producer.send(self.settings.kafka.prefix + topic, value, partition=0).get(10)
        producer.close()

    def read(self, topic: str) -> list[bytes]:
        """All that stands on a topic."""
        consumer = consumer_of(self.settings, [topic], from_beginning=True)
        values = [value for _, value in read_to_end(consumer)]
        consumer.close()
        return values

    def says(self, *words: str) -> str:
        """Run a command that must succeed; what it printed, whatever the width."""
        ended = self.shell.run(*words, COLUMNS="200")
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Return when it is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
