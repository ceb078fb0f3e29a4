"""``weir sources`` and ``weir produce`` as a user meets them."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaConsumer, TopicPartition

from producers.commands import produce, sources
from stream.errors import MachineError, SettingsError, WeirError


def wait_for_records(bootstrap: str, topic: str, count: int) -> None:
    """Return when a topic has so many records; the test's own timeout ends it otherwise."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    there = 0
    while there < count:
        time.sleep(0.2)
        partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
        there = sum(consumer.end_offsets(partitions).values()) if partitions else 0
    consumer.close()


def invoke(*arguments: str) -> Result:
    """Run ``weir produce`` in this process."""
    return CliRunner(env={"WEIR_BOOTSTRAP": None}).invoke(produce, list(arguments))


def refusal(*arguments: str) -> WeirError:
    """The error of ours with which ``weir produce`` ends."""
    error = invoke(*arguments).exception
    assert isinstance(error, WeirError), error
    return error


def test_sources_lists_every_producer() -> None:
    """One line each: name, package, what it produces."""
    result = CliRunner(env={"COLUMNS": "200"}).invoke(sources)

    assert result.exit_code == 0
    assert re.search(r"^market +weir +Trades and quotes of simulated symbols", result.output, re.MULTILINE)


def test_an_unknown_producer_is_refused_before_kafka_is_asked() -> None:
    """With the names that are known."""
    said = str(refusal("carts"))

    assert "one of cards, folder, iso8583, market, markets, outbox, recorded, webhook, was 'carts'" in said


def test_two_paces_at_once_are_refused() -> None:
    """A rate or a speed."""
    error = refusal("cards", "--rate", "5", "--speed", "2")

    assert isinstance(error, SettingsError)
    assert error.field == "--rate, --speed"


def test_a_live_source_takes_no_pace(tmp_path: Path) -> None:
    """What comes from outside comes as it comes."""
    config = tmp_path / "weir.toml"
    config.write_text(f'[producers.folder]\nfolder = "{tmp_path}"\nledger = "{tmp_path / "ledger"}"\n')

    assert "a live source comes as it comes" in str(refusal("folder", "--rate", "5", "--config", str(config)))


def test_files_are_for_the_producer_that_reads_them() -> None:
    """``--ticks`` given to the cards is a mistake, not ignored."""
    assert "--ticks: expected the producer recorded" in str(refusal("cards", "--ticks", "."))


def test_without_a_broker_it_says_how_to_name_one() -> None:
    """No setting, no option."""
    error = refusal("cards")

    assert isinstance(error, MachineError)
    assert "--bootstrap" in error.fix


@pytest.mark.kafka
def test_a_count_is_sent_and_summed_up(bootstrap: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Topics are created, 300 ticks sent, the summary names the topic."""
    monkeypatch.setenv("WEIR_KAFKA_PREFIX", prefix)
    result = invoke("market", "--count", "300", "--bootstrap", bootstrap)

    assert result.exit_code == 0, result.output
    assert re.search(r"^sent 300 records in .* behind at worst: ticks 300$", result.output, re.MULTILINE)


@pytest.mark.kafka
def test_refused_rows_are_part_of_the_summary(
    bootstrap: str, prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of three rows one has no price."""
    monkeypatch.setenv("WEIR_KAFKA_PREFIX", prefix)
    file = tmp_path / "eurusd_quotes.csv"
    file.write_text("ts,bid,ask\n2025-01-02T10:00:00,1.1,1.2\n2025-01-02T10:00:01,x,1.2\n2025-01-02T10:00:02,1.1,1.2\n")
    result = invoke("recorded", "--ticks", str(file), "--speed", "100", "--bootstrap", bootstrap)

    assert result.exit_code == 0, result.output
    assert "sent 2 records" in result.output
    assert "refused 1: eurusd_quotes.csv: bid" in result.output


@pytest.mark.kafka
def test_ctrl_c_flushes_and_prints_the_summary(bootstrap: str, prefix: str) -> None:
    """An endless flow at 200/s, stopped when it flows: exit 0 and a summary of what was sent."""
    command = [sys.executable, "-m", "stream", "produce", "cards", "--rate", "200", "--bootstrap", bootstrap]
    process = subprocess.Popen(
        command,
        env=os.environ | {"WEIR_KAFKA_PREFIX": prefix},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_records(bootstrap, f"{prefix}transactions", 100)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert re.match(r"sent [\d,]+ records in [\d.]+ s .* transactions [\d,]+", out), out
