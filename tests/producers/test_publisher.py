"""What is published stands in Kafka once, under its key, with the time it was due; what does not is named."""

import threading
import time
from collections.abc import Iterator, Mapping

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.partitioner.default import murmur2

from producers.cards import Cards
from producers.flow import Progress, publish, publish_side_by_side
from producers.publisher import Publisher
from producers.source import Record
from stream.agents.topics import create_topics
from stream.errors import DeliveryError, MachineError
from stream.settings import Kafka, Settings
from stream.wire.codec import encode
from stream.wire.events import Transaction

pytestmark = pytest.mark.kafka

SMALL = {"customers": 50, "terminals": 20, "label_delay_days": 0.01}


@pytest.fixture
def settings(bootstrap: str, prefix: str) -> Settings:
    """Settings of a test's own topics, which exist."""
    own = Settings(kafka=Kafka(bootstrap=bootstrap, prefix=prefix, partitions=3))
    create_topics(bootstrap, own, stages=())
    return own


def read(settings: Settings, *topics: str) -> list[ConsumerRecord]:
    """All records of the topics, by partition and offset."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka.bootstrap, consumer_timeout_ms=10_000)
    partitions = [TopicPartition(settings.kafka.prefix + topic, p) for topic in topics for p in range(3)]
    consumer.assign(partitions)
    consumer.seek_to_beginning()
    expected = sum(consumer.end_offsets(partitions).values())
    records = [next(consumer) for _ in range(expected)]
    consumer.close()
    return sorted(records, key=lambda record: (record.topic, record.partition, record.offset))


def paid(number: int, *, size: int = 1) -> Record:
    """A payment whose terminal has a name of that many letters."""
    payment = Transaction(id=f"t{number}", at=1_735_689_600_000, customer="c", terminal="m" * size, amount=1)
    return Record("transactions", "c", payment)


class Payments:
    """Payments of one customer without end, one a second."""

    def __init__(self, *, seed: int = 0, config: Mapping[str, object] | None = None) -> None:
        self.seed, self.config = seed, config

    def records(self) -> Iterator[Record]:
        """A payment after the other."""
        number = 0
        while True:
            yield paid(number)
            number += 1


def test_every_record_arrives_once_under_its_key(settings: Settings) -> None:
    """Three topics; each key's records stand in the order they were sent, where Kafka's hash puts the key."""
    source = Cards(seed=4, config=SMALL)
    summary = publish(source, bootstrap=settings.kafka.bootstrap, settings=settings, count=3_000)
    arrived = read(settings, "transactions", "labels", "truth")
    sent = [record for record, _ in zip(source.records(), range(3_000), strict=False)]

    assert summary.total == len(arrived) == 3_000
    prefix = settings.kafka.prefix
    by_key = sorted(((prefix + r.topic, r.key.encode(), encode(r.event)) for r in sent), key=lambda found: found[:2])
    assert sorted(((r.topic, r.key, r.value) for r in arrived), key=lambda found: found[:2]) == by_key
    assert all(r.partition == (murmur2(r.key) & 0x7FFFFFFF) % 3 for r in arrived)


def test_timestamps_are_due_times_at_the_rate(settings: Settings) -> None:
    """200 records at 400/s are due 2.5 ms apart, whenever each was sent; the rate is held within a tenth."""
    summary = publish(Payments(), bootstrap=settings.kafka.bootstrap, settings=settings, rate=400, count=200)
    stamps = [record.timestamp for record in read(settings, "transactions")]

    assert stamps[0] == summary.first_due_ms
    assert all(abs(stamp - stamps[0] - 2.5 * i) <= 1.0 for i, stamp in enumerate(stamps))
    assert summary.last_due_ms - summary.first_due_ms == pytest.approx(199 * 2.5, abs=1)
    assert summary.seconds > 0.45


def test_a_stop_flushes_what_was_sent(settings: Settings) -> None:
    """Stopped after a while in the midst of an endless flow: as many records stand in Kafka as the summary says."""
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    summary = publish(Payments(), bootstrap=settings.kafka.bootstrap, settings=settings, stop=stop)

    assert summary.total == len(read(settings, "transactions")) > 0


def test_a_stop_ends_a_long_wait(settings: Settings) -> None:
    """A record due in an hour is neither waited for nor sent once the flow is to stop."""
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    begun = time.monotonic()
    slow = 1 / 3600
    summary = publish(Payments(), bootstrap=settings.kafka.bootstrap, settings=settings, rate=slow, stop=stop)

    assert summary.total == 1
    assert time.monotonic() - begun < 20


def test_progress_is_told_while_it_flows(settings: Settings) -> None:
    """At 500/s for two thirds of a second: told more than once, the last time with all that was sent."""
    told: list[Progress] = []
    publish(
        Payments(), bootstrap=settings.kafka.bootstrap, settings=settings, rate=500, count=333, on_progress=told.append
    )

    assert len(told) >= 2
    assert told[-1].sent == 333
    assert [progress.sent for progress in told] == sorted(progress.sent for progress in told)


def test_two_sources_flow_side_by_side(settings: Settings) -> None:
    """Each gets its count, and half the rate: 100 records each at 400/s in all take half a second."""
    summaries = publish_side_by_side(
        [Payments(), Cards(seed=1, config=SMALL)],
        bootstrap=settings.kafka.bootstrap,
        settings=settings,
        rate=400,
        count=100,
    )

    assert [summary.total for summary in summaries] == [100, 100]
    assert all(s.last_due_ms - s.first_due_ms == pytest.approx(99 * 5, abs=1) for s in summaries)


def test_a_topic_that_is_not_there_is_an_error_that_names_it(settings: Settings) -> None:
    """Undelivered records are counted, and those of other topics are flushed all the same."""

    class Stray(Payments):
        """A payment, then one on a topic that nobody made."""

        def records(self) -> Iterator[Record]:
            yield paid(1)
            yield Record("tocks", "c", paid(2).event)

    with pytest.raises(DeliveryError, match="1 records not delivered to tocks") as lost:
        publish(Stray(), bootstrap=settings.kafka.bootstrap, settings=settings)

    assert (lost.value.topic, lost.value.count) == ("tocks", 1)
    assert len(read(settings, "transactions")) == 1


def test_a_record_too_large_is_an_error_that_names_its_topic(settings: Settings) -> None:
    """One of two megabytes."""
    with (
        pytest.raises(DeliveryError, match="1 records not delivered to transactions"),
        Publisher(settings.kafka) as publisher,
    ):
        publisher.send(paid(1, size=2_000_000), due_ms=1_735_689_600_000)


def test_no_broker_is_one_line_with_the_remedy() -> None:
    """A port where nobody listens: told within seconds."""
    with pytest.raises(MachineError, match=r"no Kafka answers at 127\.0\.0\.1:9") as refused:
        Publisher(Kafka(bootstrap="127.0.0.1:9"))

    assert "--bootstrap" in str(refused.value)
    assert "\n" not in str(refused.value)
