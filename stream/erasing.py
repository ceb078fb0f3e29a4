"""Erasing a customer: the state and the notes at once, the rest hidden from readers until its retention ends."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError

from stream.agents.rebuilding import require_no_worker
from stream.agents.spec import changelog_topic
from stream.agents.topics import admin_of
from stream.connection import connect, denied
from stream.consume import consumer_of, read_to_end
from stream.core.terminal_state import COOLDOWN
from stream.erasures import Erasure
from stream.settings import Settings
from stream.walk import STAGES
from stream.wire.events import Alert
from stream.wire.topics import ALERTS, DECISIONS, ERASURES, LABELS, TRANSACTIONS, TRIAGE, TRUTH
from stream.wire.triage import Snooze, decode_triage, triage_key

KEPT = (TRANSACTIONS, LABELS, TRUTH, ALERTS, DECISIONS)  # name customers, and keep their records
_SECONDS = 30.0
_AGAIN_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was done.

    alerts  of theirs, hidden from now on
    notes   snoozes, acknowledgements and verdicts about them, removed
    kept    topic → epoch ms at which the last of their records is gone, as the topics are created
    """

    alerts: int
    notes: int
    kept: dict[str, int]


def erase(settings: Settings, customer: str) -> Erased:
    """Forget a customer; may be called again.

    settings  ``kafka.bootstrap`` is set; the user may do all
    Raises StateError where workers of the group run, who would write the state anew, MachineError where Kafka refuses.
    """
    kafka = settings.kafka
    _require_no_worker(settings)
    now = round(1000 * time.time())
    alerts = _alerts(settings, customer)
    notes = set(_notes(settings, customer, alerts))
    customers, terminals, _ = (changelog_topic(settings, stage) for stage in STAGES)
    gone = [(customers, customer.encode(), partition) for partition in range(kafka.partitions)]
    gone += [(terminals, *place) for place in _cooldowns(settings, terminals, customer)]
    with closing(connect(KafkaProducer, kafka, acks="all")) as producer:
        try:
            sent = [producer.send(topic, key=key, value=None, partition=place) for topic, key, place in gone]
            triage = kafka.prefix + TRIAGE.name
            sent += [producer.send(triage, key=key, value=None, partition=place) for key, place in notes]
            value = msgspec.json.encode(Erasure(customer=customer, at=now))
            sent.append(producer.send(kafka.prefix + ERASURES.name, key=customer.encode(), value=value))
            for future in sent:
                future.get(timeout=_SECONDS)
        except KafkaError as error:
            raise denied(kafka, error) from None
    return Erased(alerts=len(alerts), notes=len(notes), kept={topic.name: now + topic.retention_ms for topic in KEPT})


def _require_no_worker(settings: Settings) -> None:
    """Refuse while workers run; a Kafka that never had a group makes a place for groups when it is first asked."""
    until = time.monotonic() + _SECONDS
    with closing(admin_of(settings.kafka)) as admin:
        while True:
            try:
                require_no_worker(admin, settings.kafka.group)
            except KafkaError as error:
                if time.monotonic() > until:
                    raise denied(settings.kafka, error) from None
                time.sleep(_AGAIN_SECONDS)
            else:
                return


def _alerts(settings: Settings, customer: str) -> set[str]:
    """Ids of the alerts that name the customer."""
    name = msgspec.json.encode(customer)
    with closing(consumer_of(settings, [ALERTS.name], from_beginning=True)) as consumer:
        return {msgspec.json.decode(value, type=Alert).id for _, value in read_to_end(consumer) if name in value}


def _notes(settings: Settings, customer: str, alerts: set[str]) -> Iterator[tuple[bytes, int]]:
    """Key and partition on ``triage`` of what was said about the customer and their alerts."""
    with closing(consumer_of(settings, [TRIAGE.name], from_beginning=True)) as consumer:
        for place, value in read_to_end(consumer):
            record = decode_triage(value)
            if record.entity == customer if isinstance(record, Snooze) else record.alert in alerts:
                yield triage_key(record).encode(), place.partition


def _cooldowns(settings: Settings, changelog: str, customer: str) -> Iterator[tuple[bytes, int]]:
    """Key and partition of the rows that remember when an alert was last told about the customer."""
    begin = COOLDOWN + f"customer:{customer}@".encode()
    name = changelog.removeprefix(settings.kafka.prefix)
    seen: set[tuple[bytes, int]] = set()
    with closing(consumer_of(settings, [name], from_beginning=True)) as consumer:
        ends = consumer.end_offsets(consumer.assignment())
        while any(consumer.position(place) < end for place, end in ends.items()):
            for place, records in consumer.poll(timeout_ms=200).items():
                seen.update((one.key, place.partition) for one in records if one.key and one.key.startswith(begin))
    yield from sorted(seen)
