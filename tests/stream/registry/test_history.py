"""What is learnt from a broker is what its workers saw, with the verdicts that were in by then and no others."""

from contextlib import closing

import msgspec
import numpy as np
import pytest
from kafka import KafkaProducer

from producers.plugins import open_source
from stream.agents.topics import create_topics
from stream.core.names import DAY_MS
from stream.errors import ModelError
from stream.registry.history import history_of
from stream.replay import Keyed
from stream.settings import Settings
from stream.training_set import feature_set
from stream.walk import STAGES
from stream.wire.codec import encode
from stream.wire.events import Label, Transaction
from stream.wire.topics import LABELS, TRANSACTIONS

pytestmark = pytest.mark.kafka

SMALL = {"customers": 40, "terminals": 12, "days": 20, "terminal_fraud": {"rate": 0.05}}
DELAY_DAYS = 7.0


def published(settings: Settings) -> list[Keyed]:
    """Twenty days of a small world, put on the broker as a producer does, but for the truth."""
    records = [(r.topic, r.key, r.event) for r in open_source("cards", seed=4, config=SMALL).records()]
    with closing(KafkaProducer(bootstrap_servers=settings.kafka.bootstrap.split(","), linger_ms=20)) as producer:
        for topic, key, event in records:
            if topic in (TRANSACTIONS.name, LABELS.name):
                producer.send(
                    settings.kafka.prefix + topic,
                    key=key.encode(),
                    value=encode(event),
                    timestamp_ms=event.at,  # type: ignore[attr-defined]  # every event has one
                )
        producer.flush()
    return records


def test_rows_are_those_of_a_replay_and_truth_is_what_verdicts_said_by_then(bootstrap: str, prefix: str) -> None:
    """Each payment old enough for its verdict has the features of a replay of the same events, to the bit.

    Fraud is what a verdict up to that time called so. Training as of five days earlier sees neither later payments nor
    later verdicts.
    """
    settings = msgspec.convert({"kafka": {"bootstrap": bootstrap, "prefix": prefix, "partitions": 2}}, Settings)
    create_topics(bootstrap, settings, STAGES)
    with pytest.raises(ModelError, match="topic transactions: expected payments, was none"):
        history_of(settings, until=None, delay_days=DELAY_DAYS, tell=lambda *_: None)
    records = published(settings)
    shown: list[tuple[int, int]] = []
    newest = max(event.at for _, _, event in records if isinstance(event, Transaction))
    whole = feature_set(records, settings)
    expected = dict(zip(whole.id, whole.x, strict=True))
    for until in (None, newest - 5 * DAY_MS):
        data, known_by = history_of(
            settings, until=until, delay_days=DELAY_DAYS, tell=lambda done, total: shown.append((done, total))
        )
        frauds = {
            event.transaction
            for topic, _, event in records
            if topic == LABELS.name and isinstance(event, Label) and event.fraud and event.at <= known_by
        }
        old_enough = whole.at <= known_by - DELAY_DAYS * DAY_MS

        assert known_by == (until or newest)
        assert set(data.id) == {name for name, old in zip(whole.id, old_enough, strict=True) if old}
        assert {name for name, fraud in zip(data.id, data.fraud, strict=True) if fraud} == frauds & set(data.id)
        assert frauds
        assert all(
            np.array_equal(expected[name], row, equal_nan=True) for name, row in zip(data.id, data.x, strict=True)
        )

    assert shown[-1][0] == shown[-1][1] == sum(topic in (TRANSACTIONS.name, LABELS.name) for topic, _, _ in records)
