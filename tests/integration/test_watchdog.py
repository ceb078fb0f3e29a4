"""A worker that stands still says so at /healthz and on ``alerts``, and ends with a code of its own."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaProducer

from deployment.local.kafka import LocalKafka
from stream.agents.topics import create_topics
from stream.consume import consumer_of, read_to_end
from stream.walk import STAGES
from stream.wire.events import Alert
from stream.wire.topics import ALERTS
from tests.integration.unreliable import HANGS, Watched, install

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

WATCHDOG_SECONDS = 12.0  # a start on a busy machine must fit


@contextlib.contextmanager
def flowing(watched: Watched) -> Iterator[None]:
    """Publish a thousand payments a second beside the block, at whose end the broker answers again."""
    is_over = threading.Event()
    producer = KafkaProducer(bootstrap_servers=watched.settings.kafka.bootstrap, linger_ms=5)

    def send() -> None:
        sent = 0
        while not is_over.wait(0.01):
            watched.send(producer, sent, 10)
            sent += 10

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        producer.close()


def test_a_detector_that_never_returns_ends_the_worker_with_a_reason(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """/healthz fails and names the partition, an alert of kind ``pipeline`` can be read, the code is 5."""
    install(tmp_path, HANGS)
    watched = Watched(bootstrap, prefix, tmp_path, watchdog_seconds=WATCHDOG_SECONDS)
    create_topics(bootstrap, watched.settings, STAGES)
    with contextlib.closing(KafkaProducer(bootstrap_servers=bootstrap)) as producer:
        watched.send(producer, 0, 500)
        producer.flush()
        with watched.worker(detectors="odd") as worker:
            watched.wait_for(lambda: watched.page("/readyz")[0] == 200 or worker.poll() is not None)
            well = watched.page("/healthz")
            watched.send(producer, 500, 100, bad=(550,))
            producer.flush()
            pages: set[tuple[int, str]] = set()
            while worker.poll() is None:
                pages.add(watched.page("/healthz"))
                time.sleep(0.05)
    ill = {page for page in pages if page[0] == 503}
    consumer = consumer_of(watched.settings, [ALERTS.name], from_beginning=True)
    alerts = [msgspec.json.decode(value, type=Alert) for _, value in read_to_end(consumer)]
    consumer.close()

    assert well == (200, "ok\n")
    assert worker.returncode == 5
    assert ill
    assert all(text.startswith("weir-by-terminal-") for _, text in ill)
    assert all("one slice has kept its stage busy for 1" in text for _, text in ill)
    (told,) = (alert for alert in alerts if alert.kind == "pipeline")
    assert (told.entity.kind, told.severity, told.detector.name) == ("worker", "critical", "watchdog")
    assert told.source.topic == "weir-by-terminal"
    assert told.score > WATCHDOG_SECONDS - 1 == told.threshold - 1
    assert "one slice has kept its stage busy" in told.sentence
    assert "weir_odd.py" in watched.log.read_text()  # where it hangs


def test_a_broker_that_stops_answering_ends_the_worker_that_waits_for_it(tmp_path: Path) -> None:
    """SIGSTOP to the broker under load: no commit can be made, and after the watchdog's seconds the code is 5."""
    broker = LocalKafka.start()
    try:
        watched = Watched(broker.bootstrap, "", tmp_path, watchdog_seconds=WATCHDOG_SECONDS)
        create_topics(broker.bootstrap, watched.settings, STAGES)
        with flowing(watched), watched.worker(detectors="robust") as worker:
            watched.wait_for(lambda: 'weir_scored_events_total{kind="payments"} 0' not in watched.page("/metrics")[1])
            watched.wait_for(lambda: watched.page("/readyz")[0] == 200)
            time.sleep(1.0)  # in mid-stream
            broker.pause()
            paused = time.monotonic()
            code = worker.wait(5 * WATCHDOG_SECONDS)
            took = time.monotonic() - paused
            broker.resume()
    finally:
        broker.stop()

    assert code == 5
    assert took > WATCHDOG_SECONDS - 2
    assert "event=worker_stalled" in watched.log.read_text()
    assert "event=stall_not_told" in watched.log.read_text()
