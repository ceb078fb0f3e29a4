"""The recorder on a real broker: every alert and change has its link, whatever becomes of recorders."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaProducer

from models.rules.detector import load
from models.rules.file import EXAMPLE
from stream.agents.topics import create_topics
from stream.audit.reading import links, verify_broker
from stream.audit.recorder import Recorder
from stream.audit.telling import tell_change
from stream.consume import consumer_of, read_to_end
from stream.settings import Alerts, Kafka, Settings
from stream.triage.desk import Desk
from stream.walk import STAGES
from stream.wire.audit import Act, Change
from stream.wire.topics import ACTS, ALERTS, AUDIT, CHANGES
from tests.commands.shell import Shell
from tests.stream.core.chains import an_alert

pytestmark = pytest.mark.kafka


@pytest.fixture
def placed(bootstrap: str, prefix: str) -> Settings:
    """Topics of one test, two partitions each."""
    settings = Settings(kafka=Kafka(bootstrap=bootstrap, prefix=prefix, partitions=2))
    create_topics(bootstrap, settings, STAGES)
    return settings


@contextmanager
def producing(settings: Settings) -> "Iterator[KafkaProducer]":
    """A producer that flushes."""
    with closing(KafkaProducer(bootstrap_servers=settings.kafka.bootstrap)) as producer:
        yield producer
        producer.flush()


def send(settings: Settings, *numbers: int) -> None:
    """Publish alerts as a worker does, on both partitions in turn."""
    with producing(settings) as producer:
        for number in numbers:
            producer.send(settings.kafka.prefix + ALERTS.name, value=an_alert(number), partition=number % 2)


def record(settings: Settings) -> int:
    """Run a recorder to the end."""
    with Recorder(settings) as recorder:
        return recorder.record_to_end()


def test_recorders_that_come_and_go_write_one_chain(placed: Settings) -> None:
    """One ends, two run side by side where it stopped, a fourth finds nothing to do: each number holds one link."""
    send(placed, *range(10))
    first = record(placed)
    send(placed, *range(10, 16))
    with Recorder(placed) as one, Recorder(placed) as other:
        beside = [one.record_to_end(), other.record_to_end()]
    last = record(placed)
    verifier, waiting = verify_broker(placed)

    assert (first, beside, last) == (10, [6, 6], 0)
    assert (verifier.faults, waiting) == ([], 0)
    assert [head["links"] for head in verifier.heads().values()] == [8, 8]


def test_a_change_is_told_once_and_chained(placed: Settings) -> None:
    """Two workers start alike and one with other rules: two changes, with what decided in full."""
    rules = load(EXAMPLE)
    told = [tell_change(placed, []), tell_change(placed, [])]
    stricter = msgspec.structs.replace(placed, alerts=Alerts(cooldown_seconds=60))
    told.append(tell_change(stricter, [rules]))
    record(placed)
    verifier, _ = verify_broker(placed)
    with closing(consumer_of(placed, [CHANGES.name], from_beginning=True)) as consumer:
        changes = [msgspec.json.decode(value, type=Change) for _, value in read_to_end(consumer)]

    assert told == [True, False, True]
    assert [change.config for change in changes] == [placed.version, stricter.version]
    assert changes[1].detectors == {"rules": rules.version}
    assert changes[1].settings["alerts"]["cooldown_seconds"] == 60
    assert verifier.heads()["changes/0"]["links"] == 2


def test_what_a_person_says_is_kept_word_for_word_and_chained(placed: Settings) -> None:
    """A snooze and its end: ``triage`` keeps the last word of the two, ``acts`` both, with who and by which way."""
    with Desk(placed, via="console analyst") as desk:
        snooze = desk.snooze("ann", 3600, kind="market", why="auction")
        ended = desk.wake(snooze, "ann")
    record(placed)
    verifier, waiting = verify_broker(placed)
    with closing(consumer_of(placed, [ACTS.name], from_beginning=True)) as consumer:
        acts = [msgspec.json.decode(value, type=Act) for _, value in read_to_end(consumer)]

    assert [(act.by, act.via, act.said) for act in acts] == [
        ("ann", "console analyst", snooze),
        ("ann", "console analyst", ended),
    ]
    assert ([head["links"] for name, head in verifier.heads().items() if name.startswith("acts/")], waiting) == ([2], 0)


def test_a_changed_byte_is_found_by_the_command_and_named(placed: Settings, tmp_path: Path) -> None:
    """Exported, changed in one digit, verified without a broker; and a forged link on the topic itself."""
    send(placed, *range(6))
    record(placed)
    shell = Shell(tmp_path, WEIR_BOOTSTRAP=placed.kafka.bootstrap, WEIR_KAFKA_PREFIX=placed.kafka.prefix)
    exported = shell.run("audit", "export", "chain.jsonl")
    good = shell.run("audit", "verify", "--from", "chain.jsonl", "--json", "heads.json")
    lines = (tmp_path / "chain.jsonl").read_bytes().splitlines(keepends=True)
    changed = [lines[0], lines[1].replace(b'"score":2.5', b'"score":1.5'), *lines[2:]]
    (tmp_path / "changed.jsonl").write_bytes(b"".join(changed))
    bad = shell.run("audit", "verify", "--from", "changed.jsonl", "--heads", "heads.json")
    with producing(placed) as producer:
        producer.send(placed.kafka.prefix + AUDIT.name, value=b"{}", partition=0)
    live = shell.run("audit", "verify", WEIR_KAFKA_PARTITIONS="2")

    assert (exported.returncode, exported.stdout) == (0, "6 links in chain.jsonl\n")
    assert (good.returncode, json.loads((tmp_path / "heads.json").read_text())["faults"]) == (0, 0)
    assert bad.returncode == live.returncode == 1
    assert bad.stdout.startswith("changed.jsonl line 2: expected a link as it was written, was other bytes")
    assert "audit/0 offset 3: expected a link as it was written, was bytes that end with no hash" in live.stdout


def test_the_chain_stands_beside_its_alerts(placed: Settings) -> None:
    """A link stands in the partition of the record that it vouches for, so chains grow with partitions."""
    send(placed, *range(4))
    record(placed)

    assert sorted({(where.split()[0], chain) for where, chain, _ in links(placed)}) == [
        ("audit/0", "alerts/0"),
        ("audit/1", "alerts/1"),
    ]
