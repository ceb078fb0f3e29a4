"""Bad records between good ones, before a real worker: each is one dead letter, and nobody else notices."""

import json
import re
import uuid
from collections import Counter
from typing import Any, NamedTuple

import msgspec
import pytest
from kafka import KafkaProducer

from deployment.local.needs import free_port
from stream.consume import consumer_of, read_to_end
from stream.run.ready import counter
from stream.run.watch import Watch
from stream.settings import Kafka, Settings
from stream.wire.topics import ALERTS, DEAD_LETTERS, LABELS, SCORES, TICKS, TRANSACTIONS
from tests.commands import bad_records
from tests.commands.bad_records import CARD, SECRET, START, payment, quote, trade, verdict
from tests.commands.shell import Shell

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

Place = tuple[str, int, int]  # topic without prefix, partition, offset


class Sender:
    """A producer that is none of ours, and the book of what it sent.

    good  place of each record that is to be scored
    bad   place of each other one, with its reason
    """

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._prefix = prefix
        self._producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=2_000_000)
        self.good: list[Place] = []
        self.bad: dict[Place, str] = {}

    def send(self, topic: str, key: str | None, value: bytes | None, reason: str = "") -> None:
        """Send one record and wait until it stands."""
        name = None if key is None else key.encode()
        stands = self._producer.send(self._prefix + topic, key=name, value=value).get(timeout=10)
        place = (topic, stands.partition, stands.offset)
        if reason:
            self.bad[place] = reason
        else:
            self.good.append(place)

    def close(self) -> None:
        """Flush and end."""
        self._producer.close()


def send_all(sender: Sender) -> None:
    """Every bad record between two good ones of the same key; a minute of event time passes between good ones."""
    for i, (value, reason) in enumerate(bad_records.PAYMENTS):
        sender.send(TRANSACTIONS.name, "c0", payment(id=f"t{i}", at=START + 60_000 * i))
        sender.send(TRANSACTIONS.name, "c0", value, reason)
    for i, (value, reason) in enumerate(bad_records.VERDICTS):
        sender.send(LABELS.name, "c0", value, reason)
        sender.send(LABELS.name, "c0", verdict(transaction=f"t{i}", at=START + 60_000 * i))
    for i, (value, reason) in enumerate(bad_records.TICKS):
        sender.send(TICKS.name, "ACME", trade(at=START + 1_000 * i))
        sender.send(TICKS.name, "ACME", quote(at=START + 1_000 * i))
        sender.send(TICKS.name, "ACME", value, reason)
    odd_but_good(sender)
    a_fraud(sender)


def odd_but_good(sender: Sender) -> None:
    """What is unusual and still an event: no key, another order, a newer producer's fields, crossed and wild prices."""
    later = START + 3_600_000
    for i in range(8):
        sender.send(TRANSACTIONS.name, None, payment(id=f"k{i}", customer=f"k{i}", at=later))
    sender.send(TRANSACTIONS.name, "c1", payment(id="o1", customer="c1", at=later))
    sender.send(TRANSACTIONS.name, "c1", payment(id="o2", customer="c1", at=later - 1_800_000))
    sender.send(TRANSACTIONS.name, "c1", payment(id="o1", customer="c1", at=later), "duplicate")
    sender.send(TRANSACTIONS.name, "c1", payment(id="o3", customer="c1", at=later, amount=0, device={"os": "x"}))
    sender.send(TICKS.name, "ACME", quote(at=START + 60_000, bid=10.2, ask=10.1))
    sender.send(TICKS.name, "ACME", quote(at=START + 60_000, bid=0, ask=10.1))
    sender.send(TICKS.name, "ACME", trade(at=START + 60_000, price=1e9))


def a_fraud(sender: Sender) -> None:
    """A customer of a dozen payments, two that are refused, and one of a hundred times the amount."""
    at = START + 7_200_000
    for i in range(12):
        sender.send(TRANSACTIONS.name, "c2", payment(id=f"f{i}", customer="c2", at=at + 60_000 * i, amount=1000 + i))
    for _ in range(2):
        again = payment(id="f11", customer="c2", at=at + 60_000 * 11, amount=1011)
        sender.send(TRANSACTIONS.name, "c2", again, "duplicate")
        sender.send(TRANSACTIONS.name, "c2", payment(id="f-late", customer="c2", at=START, amount=99_000), "late")
    sender.send(TRANSACTIONS.name, "c2", payment(id="fraud", customer="c2", at=at + 900_000, amount=200_000))


class Worked(NamedTuple):
    """What a worker made of it."""

    shell: Shell
    sender: Sender
    letters: list[dict[str, Any]]
    scored: Counter[tuple[int, int]]
    ticks_scored: int
    alerts: list[dict[str, Any]]
    log: str


@pytest.fixture(scope="module")
def worked(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Worked:
    """All of it sent, and read by ``weir worker`` to the end."""
    kafka = Kafka(bootstrap=bootstrap, prefix=f"t{uuid.uuid4().hex[:10]}-", group=uuid.uuid4().hex)
    port = free_port(0)
    shell = Shell(
        tmp_path_factory.mktemp("bad"),
        WEIR_BOOTSTRAP=bootstrap,
        WEIR_KAFKA_PREFIX=kafka.prefix,
        WEIR_KAFKA_GROUP=kafka.group,
        WEIR_MARKET_SYMBOLS="ACME,BRCH",
        WEIR_WORKER_METRICS_PORT=str(port),
    )
    made = shell.run("topics")
    assert made.returncode == 0, made.stderr
    sender = Sender(bootstrap, kafka.prefix)
    send_all(sender)
    sender.close()
    settings = Settings(kafka=kafka)
    watch = Watch(settings)
    with shell.start("worker", "--log-level", "INFO") as worker:
        worker.wait_for(lambda: not watch.lag())
        ticks = round(counter(f"http://127.0.0.1:{port}", "weir_scored_events_total", kind="ticks"))
        assert worker.ctrl_c() == 0
    watch.close()
    batches = read(settings, SCORES.name)
    return Worked(
        shell,
        sender,
        read(settings, DEAD_LETTERS.name),
        Counter(place for batch in batches for place in zip(batch["partitions"], batch["offsets"], strict=True)),
        ticks,
        read(settings, ALERTS.name),
        worker.out + worker.err,
    )


def read(settings: Settings, topic: str) -> list[dict[str, Any]]:
    """All that stands on a topic."""
    consumer = consumer_of(settings, [topic], from_beginning=True)
    values = [msgspec.json.decode(value) for _, value in read_to_end(consumer)]
    consumer.close()
    return values


def place_of(letter: dict[str, Any]) -> Place:
    """Where the refused record stands."""
    source = letter["source"]
    return source["topic"], source["partition"], source["offset"]


def test_each_bad_record_is_one_dead_letter_with_its_reason(worked: Worked) -> None:
    """Topic, partition and offset lead to the record; nothing else is refused."""
    assert {place_of(letter): letter["reason"] for letter in worked.letters} == worked.sender.bad
    assert len(worked.letters) == len(worked.sender.bad)


def test_every_good_record_is_scored_once(worked: Worked) -> None:
    """In = scored + dead letters + duplicates, payment by payment; ticks by their count."""
    payments = Counter(
        (partition, offset) for topic, partition, offset in worked.sender.good if topic == "transactions"
    )

    assert worked.scored == payments
    assert worked.ticks_scored == sum(topic == "ticks" for topic, _, _ in worked.sender.good)


def test_no_payload_is_shown(worked: Worked) -> None:
    """Neither dead letters nor the log hold a card number or what else stood in a refused record."""
    shown = json.dumps(worked.letters) + worked.log

    assert CARD not in shown
    assert SECRET not in shown


def test_what_was_refused_is_no_part_of_an_explanation(worked: Worked) -> None:
    """The fraud's score is found again from the twelve payments before it; the late and repeated ones are left out."""
    alert = next(alert for alert in worked.alerts if alert["evidence"]["transaction"] == "fraud")
    ended = worked.shell.run("explain", alert["id"])

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "(the same as told)" in ended.stdout
    assert re.search(r"customer's last payments before \(12 in all\)", ended.stdout)
