"""The folder: each row once whatever is killed when, half-written files left alone, bad ones set aside and named."""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pytest

from producers.adapters.folder import Folder
from producers.ledger import Ledger
from producers.live import Arrival, Batch
from producers.live_contract import check_live
from producers.live_flow import publish_live
from stream.agents.topics import create_topics
from stream.consume import consumer_of, read_to_end
from stream.errors import MachineError, SettingsError
from stream.settings import Kafka, Settings

LONG_AGO = 1_700_000_000


def drop(path: Path, rows: int, *, first: int = 0) -> None:
    """Put a file of payments, one a second, that was last written long ago."""
    numbers = range(first, first + rows)
    frame = pd.DataFrame(
        {
            "TRANSACTION_ID": list(numbers),
            "TX_DATETIME": pd.Timestamp("2025-03-01") + pd.to_timedelta(list(numbers), unit="s"),
            "CUSTOMER_ID": [number % 7 for number in numbers],
            "TERMINAL_ID": 3,
            "TX_AMOUNT": 12.5,
            "TX_FRAUD": 0,
            "TX_FRAUD_SCENARIO": 0,
        }
    )
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    os.utime(path, (LONG_AGO, LONG_AGO))


def a_folder(tmp_path: Path, **config: object) -> Folder:
    """The source on a folder of the test's."""
    (tmp_path / "in").mkdir(exist_ok=True)
    settings = {"folder": str(tmp_path / "in"), "ledger": str(tmp_path / "ledger.sqlite"), "poll_seconds": 0.01}
    return Folder(config=settings | config)


def read(source: Folder, *, batches: int = 40) -> list[Arrival]:
    """All that it yields until it has looked at the folder often enough; each batch settled."""
    stop = threading.Event()
    arrivals: list[Arrival] = []
    with source.ledger as ledger:
        for number, batch in enumerate(source.batches(stop)):
            arrivals += batch.arrivals
            ledger.settle(batch.positions, now=0)
            if number >= batches:
                stop.set()
    return arrivals


def test_it_keeps_the_contract_of_live_sources(tmp_path: Path) -> None:
    """What is not settled comes again, what is settled does not."""
    (tmp_path / "in").mkdir()
    config = {"folder": str(tmp_path / "in"), "ledger": str(tmp_path / "ledger.sqlite"), "batch_rows": 10}
    file = tmp_path / "in" / "a.csv"

    def arrive() -> None:
        if not file.exists():
            drop(file, 25)

    check_live(Folder, config=config, arrive=arrive, expect=25)


def test_csv_and_parquet_are_read_once_by_name(tmp_path: Path) -> None:
    """Two files, a third one later; the second life reads the third alone."""
    first = a_folder(tmp_path)
    drop(tmp_path / "in" / "b.csv", 3)
    drop(tmp_path / "in" / "a.parquet", 2, first=100)
    came = read(first)
    drop(tmp_path / "in" / "c.csv", 1, first=200)

    assert [arrival.origin for arrival in came] == ["a.parquet#0", "a.parquet#1", "b.csv#0", "b.csv#1", "b.csv#2"]
    assert [arrival.origin for arrival in read(a_folder(tmp_path))] == ["c.csv#0"]


def test_a_file_at_which_someone_writes_is_left_alone(tmp_path: Path) -> None:
    """One was changed just now, one has a writer's name, one is Parquet without its end: none is read."""
    source = a_folder(tmp_path)
    drop(tmp_path / "in" / "now.csv", 3)
    os.utime(tmp_path / "in" / "now.csv")
    drop(tmp_path / "in" / "_part.csv", 3)
    whole = tmp_path / "whole.parquet"
    drop(whole, 50)
    half = tmp_path / "in" / "half.parquet"
    half.write_bytes(whole.read_bytes()[:400])
    os.utime(half, (LONG_AGO, LONG_AGO))
    before = read(source)
    half.write_bytes(whole.read_bytes())
    os.utime(half, (LONG_AGO + 1, LONG_AGO + 1))

    assert before == []
    assert source.refused == {"half.parquet: can't be read as what its ending says": 1}
    assert len(read(a_folder(tmp_path))) == 50


def test_what_is_no_event_is_set_aside_with_a_reason(tmp_path: Path) -> None:
    """A row without an amount, a file of something else, a file that changed after it was read."""
    source = a_folder(tmp_path)
    drop(tmp_path / "in" / "a.csv", 3)
    text = (tmp_path / "in" / "a.csv").read_text().replace("12.5", "twelve", 1)
    (tmp_path / "in" / "a.csv").write_text(text)
    os.utime(tmp_path / "in" / "a.csv", (LONG_AGO, LONG_AGO))
    (tmp_path / "in" / "b.csv").write_text("name,age\nann,40\n")
    os.utime(tmp_path / "in" / "b.csv", (LONG_AGO, LONG_AGO))
    came = read(source)
    drop(tmp_path / "in" / "a.csv", 4)
    later = a_folder(tmp_path)

    assert len(came) == 2
    assert source.refused == {"a.csv: amount": 1, "b.csv: no mapping fits its columns": 1}
    assert read(later) == []
    assert later.refused == {"a.csv: changed after it was read, as a whole or in part": 1}


def test_a_second_process_with_the_same_ledger_is_refused(tmp_path: Path) -> None:
    """Both would send each row."""
    with (
        a_folder(tmp_path).ledger,
        pytest.raises(MachineError, match="One process at a time"),
        a_folder(tmp_path).ledger,
    ):
        pass


@pytest.mark.parametrize(
    ("config", "said"),
    [({"folder": "nowhere"}, "a folder that exists"), ({"folder": ".", "setle_seconds": 1}, "setle_seconds")],
)
def test_wrong_settings_are_refused_by_name(config: dict[str, object], said: str) -> None:
    """Before anything starts."""
    with pytest.raises(SettingsError, match=said):
        Folder(config=config)


class Killed(Exception):  # noqa: N818  # what it stands for: the end of a process
    """The process ends here."""


class Torn(Ledger):
    """A ledger of a process that is killed at its n-th settling, once its records stand in Kafka."""

    def __init__(self, path: Path, *, at: int) -> None:
        super().__init__(path)
        self._left = at

    def settle(self, positions: Mapping[str, str], *, now: int) -> None:
        """Settle, or be killed."""
        self._left -= 1
        if self._left == 0:
            raise Killed
        super().settle(positions, now=now)


class Halved(Folder):
    """A folder whose batches are cut short, as when only the first records of a batch reached Kafka."""

    def batches(self, stop: threading.Event) -> Iterator[Batch]:
        """Leave out the last arrivals of each batch, and note nothing."""
        for batch in super().batches(stop):
            yield Batch(batch.arrivals[: len(batch.arrivals) // 2], {})


@pytest.mark.kafka
def test_each_row_stands_in_kafka_once_whenever_the_process_is_killed(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """Killed over its first batch, half of which was sent, then over the third, sent but not noted; then left alone."""
    settings = Settings(kafka=Kafka(bootstrap=bootstrap, prefix=prefix, partitions=2))
    create_topics(bootstrap, settings, stages=())
    a_folder(tmp_path)
    drop(tmp_path / "in" / "a.csv", 100)
    config = {"folder": str(tmp_path / "in"), "ledger": str(tmp_path / "ledger.sqlite"), "batch_rows": 20}
    for kind, at in ((Halved, 1), (Folder, 3)):
        source = kind(config=config)
        source.ledger = Torn(tmp_path / "ledger.sqlite", at=at)
        with pytest.raises(Killed):
            publish_live(source, name="folder", settings=settings)
    last = publish_live(Folder(config=config), name="folder", settings=settings, count=40)
    consumer = consumer_of(settings, ["transactions"], from_beginning=True)
    stood = sorted(value.split(b'"id":"')[1].split(b'"')[0] for _, value in read_to_end(consumer))
    consumer.close()

    assert last.total == 40
    assert stood == sorted(b"t%09d" % number for number in range(100))


def test_a_stop_ends_the_wait_for_files(tmp_path: Path) -> None:
    """At once, though it looks at the folder only each hour."""
    stop = threading.Event()
    source = a_folder(tmp_path, poll_seconds=3600)
    with source.ledger:
        batches = source.batches(stop)
        next(batches)
        threading.Timer(0.05, stop.set).start()
        began = time.monotonic()

        assert list(batches) == []
        assert time.monotonic() - began < 0.5
