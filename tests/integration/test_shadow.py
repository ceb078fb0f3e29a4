"""A shadow scores the same stream in a worker of its own: it can be compared, and nobody else sees it."""

import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from models.registry.duel import compare
from models.registry.shelf import Registry
from stream.core.names import DAY_MS
from stream.registry.arrivals import detectors_in
from stream.registry.beside import shadowing, told
from stream.registry.steps import Steps
from stream.settings import Settings
from stream.walk import detectors_of
from stream.wire.codec import encode
from stream.wire.events import Label, Scores, Transaction
from stream.wire.topics import ALERTS, LABELS, SCORES, TRANSACTIONS
from tests.integration.pipeline import PATIENCE_SECONDS, Pipeline, end, values_on, worker_of
from tests.models.registry.artefacts import an_artefact

pytestmark = pytest.mark.kafka

_START = 1_735_689_600_000
_PAYMENTS = 1_200
_HOUR_MS = 3_600_000


def publish(settings: Settings) -> None:
    """Fifty days of payments, an hour apart, one in forty large and fraud, and the verdicts that came meanwhile."""
    with closing(KafkaProducer(bootstrap_servers=settings.kafka.bootstrap.split(","), linger_ms=20)) as producer:

        def send(topic: str, event: Transaction | Label) -> None:
            name = settings.kafka.prefix + topic
            producer.send(name, key=event.customer.encode(), value=encode(event), timestamp_ms=event.at)

        for n in range(_PAYMENTS):
            customer, terminal, fraud = f"c{n % 23}", f"m{n % 11}", n % 40 == 39
            at = _START + n * _HOUR_MS
            amount = 60_000 + n if fraud else 1_000 + n % 700
            send(TRANSACTIONS.name, Transaction(id=f"t{n}", at=at, customer=customer, terminal=terminal, amount=amount))
            known = at + 7 * DAY_MS
            if known <= _START + (_PAYMENTS - 1) * _HOUR_MS:  # of the last week none is in yet
                send(
                    LABELS.name, Label(transaction=f"t{n}", at=known, customer=customer, terminal=terminal, fraud=fraud)
                )
        producer.flush()


def scored(settings: Settings) -> int:
    """Payments on a topic of scores."""
    values = values_on(settings, SCORES.name)
    return len({name for value in values for name in msgspec.json.decode(value, type=Scores).ids})


def test_a_shadow_makes_the_same_of_the_stream_and_is_seen_by_nobody(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """The champion's artefact with another threshold as its shadow: the same scores to the bit, more alerts, all apart.

    The champion's topics hold nothing of the shadow, and the group of its workers knows nothing of it.
    """
    pipeline = Pipeline(bootstrap, prefix)
    steps = Steps(settings=pipeline.settings, registry=Registry(tmp_path / "registry"), by="ada@host")
    an_artefact(tmp_path / "a", 0.5)
    model = steps.register(tmp_path / "a", "a test")
    steps.shadow(model, [], why="a test")
    beside = shadowing(pipeline.settings, model)
    publish(pipeline.settings)
    asked = {"WEIR_REGISTRY_PATH": str(steps.registry.path)}
    with pipeline.worker() as champion, worker_of(pipeline.settings, told=asked, options=("--shadow", model)) as shadow:
        pipeline.drain(champion)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _exists(beside) or scored(beside) < _PAYMENTS:
            assert shadow.poll() is None, f"the shadow ended with {shadow.returncode}"
            assert time.monotonic() < deadline, "the shadow has not scored all"
            time.sleep(0.5)
        assert (end(champion), end(shadow)) == (0, 0)
    old = detectors_of(pipeline.settings)
    new = detectors_in(pipeline.settings, steps.registry.path / model, model)
    payments, left, right = told(
        pipeline.settings,
        old,
        new,
        detector="autoencoder",
        delay_days=7.0,
        groups={},
        since=lambda _: 0,
        tell=lambda *_: None,
    )
    found = compare(payments, left, right, source="live", detector="autoencoder")

    assert (found.rows, found.rank_correlation, found.gain) == (_PAYMENTS, 1.0, 0.0)
    assert left.score.tobytes() == right.score.tobytes()
    assert found.challenger.alerts > found.champion.alerts
    assert found.only_champion == 0
    assert found.rows_judged == _PAYMENTS - 7 * 24
    assert found.frauds == sum(n % 40 == 39 for n in range(_PAYMENTS - 7 * 24))
    for topic in (SCORES.name, ALERTS.name):
        assert not [value for value in pipeline.read(topic) if model.encode() in value]
    assert scored(pipeline.settings) == _PAYMENTS


def _exists(settings: Settings) -> bool:
    with closing(KafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap)) as admin:
        return settings.kafka.prefix + SCORES.name in admin.list_topics()
