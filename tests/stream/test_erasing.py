"""Erasing a customer: out of the state, out of the notes, and hidden from every reader until retention ends."""

from contextlib import closing
from typing import Any

import msgspec
import pytest
from kafka import KafkaProducer

from stream.agents.spec import changelog_topic
from stream.agents.topics import create_topics
from stream.connection import connect
from stream.consume import consumer_of, read_to_end
from stream.core.terminal_state import COOLDOWN
from stream.erasing import erase
from stream.settings import Kafka, Settings
from stream.walk import STAGES
from stream.wire.codec import encode
from stream.wire.events import Transaction
from stream.wire.topics import ALERTS, TRANSACTIONS, TRIAGE
from stream.wire.triage import Acknowledgement, Snooze, triage_key
from tests.stream.some_alert import an_alert

pytestmark = pytest.mark.kafka

NOON = 1_700_000_000_000


def a_payment(name: str, customer: str) -> bytes:
    """One payment, as it stands on its topic."""
    return encode(Transaction(id=name, at=NOON, customer=customer, terminal="m1", amount=1250))


class Place:
    """One test's topics, with two customers on them whose names begin alike."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.settings = Settings(kafka=Kafka(bootstrap=bootstrap, prefix=prefix, partitions=2))
        create_topics(bootstrap, self.settings, STAGES)
        for customer in ("c1", "c12"):
            alert = msgspec.structs.replace(an_alert(), id=f"alert-{customer}", evidence={"customer": customer})
            acknowledged = Acknowledgement(alert=alert.id, at=NOON, owner="ann")
            snooze = Snooze(id=f"snooze-{customer}", at=NOON, until=NOON + 1, owner="ann", entity=customer)
            self.put(ALERTS.name, encode(alert))
            for said in (acknowledged, snooze):
                self.put(TRIAGE.name, encode(said), key=triage_key(said).encode())
            self.put(TRANSACTIONS.name, a_payment(f"t-{customer}", customer), key=customer.encode())
            self.put(self.changelog("customers"), b"row", key=customer.encode())
            self.put(self.changelog("terminals"), b"row", key=COOLDOWN + f"customer:{customer}@m1".encode())

    def changelog(self, stage: str) -> str:
        """Name a stage's changelog, without prefix."""
        return changelog_topic(self.settings, stage).removeprefix(self.settings.kafka.prefix)

    def put(self, topic: str, value: bytes, *, key: bytes = b"x") -> None:
        """Put a record on partition 1 of a topic."""
        with closing(connect(KafkaProducer, self.settings.kafka, acks="all")) as producer:
            producer.send(self.settings.kafka.prefix + topic, value, key=key, partition=1).get(10)

    def read(self, topic: str) -> list[dict[str, Any]]:
        """What a reader finds."""
        with closing(consumer_of(self.settings, [topic], from_beginning=True)) as consumer:
            return [msgspec.json.decode(value) for _, value in read_to_end(consumer)]

    def rows(self, topic: str) -> dict[bytes, bytes | None]:
        """The last value of each key, as compaction leaves them."""
        rows: dict[bytes, bytes | None] = {}
        with closing(consumer_of(self.settings, [topic], from_beginning=True, with_erased=True)) as consumer:
            ends = consumer.end_offsets(consumer.assignment())
            while any(consumer.position(place) < end for place, end in ends.items()):
                for records in consumer.poll(timeout_ms=200).values():
                    rows.update((record.key, record.value) for record in records)
        return rows


def test_a_customer_is_forgotten_and_nobody_else(bootstrap: str, prefix: str) -> None:
    """Of two customers one is erased: rows, notes and what is read are of the other alone."""
    place = Place(bootstrap, prefix)
    done = erase(place.settings, "c1")

    assert (done.alerts, done.notes) == (1, 2)
    assert place.rows(place.changelog("customers")) == {b"c1": None, b"c12": b"row"}
    cooldowns = place.rows(place.changelog("terminals"))
    assert cooldowns == {COOLDOWN + b"customer:c1@m1": None, COOLDOWN + b"customer:c12@m1": b"row"}
    said = {key for key, value in place.rows(TRIAGE.name).items() if value is not None}
    assert said == {b"ack:alert-c12", b"snooze:snooze-c12"}
    assert [alert["id"] for alert in place.read(ALERTS.name)] == ["alert-c12"]
    assert [payment["id"] for payment in place.read(TRANSACTIONS.name)] == ["t-c12"]


def test_what_comes_later_is_of_a_new_customer(bootstrap: str, prefix: str) -> None:
    """The same token may come again; only what was written before is hidden, and a second erasing finds nothing."""
    place = Place(bootstrap, prefix)
    erase(place.settings, "c1")
    again = erase(place.settings, "c1")
    place.put(TRANSACTIONS.name, a_payment("t-new", "c1"), key=b"c1")

    assert (again.alerts, again.notes) == (0, 0)
    assert [payment["id"] for payment in place.read(TRANSACTIONS.name)] == ["t-c12", "t-new"]


def test_proofs_still_see_what_is_kept(bootstrap: str, prefix: str) -> None:
    """The audit compares the bytes that stand on the topic, whomever they name."""
    place = Place(bootstrap, prefix)
    erase(place.settings, "c1")
    with closing(consumer_of(place.settings, [ALERTS.name], from_beginning=True, with_erased=True)) as consumer:
        kept = [msgspec.json.decode(value)["id"] for _, value in read_to_end(consumer)]

    assert kept == ["alert-c1", "alert-c12"]
