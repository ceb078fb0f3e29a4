"""A detector that raises ends no worker: the payment it can't score is a dead letter, all others are scored."""

import contextlib
import json
import signal
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaProducer

from stream.agents.topics import create_topics
from stream.consume import consumer_of, read_to_end
from stream.walk import STAGES
from stream.wire.events import DeadLetter
from stream.wire.topics import DEAD_LETTERS, SCORES
from tests.integration.unreliable import RAISES, Watched, install

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

COUNT = 4_096


def test_of_four_thousand_payments_all_but_the_culprits_are_scored(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    """Two raise: two dead letters that name the detector, 4,094 scores, a metric, a log line, and exit code 0."""
    install(tmp_path, RAISES)
    watched = Watched(bootstrap, prefix, tmp_path)
    create_topics(bootstrap, watched.settings, STAGES)
    with contextlib.closing(KafkaProducer(bootstrap_servers=bootstrap)) as producer:
        watched.send(producer, 0, COUNT, bad=(7, 2_000))
        producer.flush()
    scored = f'weir_scored_events_total{{kind="payments"}} {COUNT - 2:.1f}'
    with watched.worker(detectors="odd,robust") as worker:
        watched.wait_for(lambda: scored in watched.page("/metrics")[1] or worker.poll() is not None)
        metrics = watched.page("/metrics")[1]
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(60)
    consumer = consumer_of(watched.settings, [SCORES.name, DEAD_LETTERS.name], from_beginning=True)
    records = [(place.topic.removeprefix(prefix), value) for place, value in read_to_end(consumer)]
    consumer.close()
    letters = [msgspec.json.decode(value, type=DeadLetter) for topic, value in records if topic == DEAD_LETTERS.name]
    ids = [name for topic, value in records if topic == SCORES.name for name in json.loads(value)["ids"]]

    assert code == 0
    assert sorted(ids) == sorted({f"t{i}" for i in range(COUNT)} - {"t7", "t2000"})
    assert [(letter.reason, letter.detail) for letter in letters] == 2 * [
        ("detector_failed", "detector odd 1: ArithmeticError")
    ]
    assert 'weir_detector_failures_total{call="score",detector="odd"} 2.0' in metrics
    assert "event=detector_failed detector=odd" in watched.log.read_text()
    assert "beyond me" not in watched.log.read_text()
