"""The outbox, on a real PostgreSQL: each row once whoever is killed or away, bad rows marked with a reason."""

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from producers.adapters.outbox import TABLE, Outbox
from producers.live import Arrival
from producers.live_contract import check_live
from stream.errors import SettingsError
from tests.producers.adapters.postgres import Postgres, postgres

AT = 1_740_819_600_000


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    """One for all tests of this file."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder, postgres(Path(folder)) as running:
        yield running


@pytest.fixture
def config(database: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Settings with an empty table."""
    monkeypatch.setenv("OUTBOX_DSN", database.dsn)
    with psycopg.connect(database.dsn) as connection:
        connection.execute("DROP TABLE IF EXISTS outbox")
        connection.execute(TABLE.format(table="outbox", index="outbox_new"))
    return {"dsn": "env:OUTBOX_DSN", "table": "outbox", "batch_rows": 4, "ledger": str(tmp_path / "ledger.sqlite")}


def write(database: Postgres, *events: object) -> None:
    """What an application does."""
    with psycopg.connect(database.dsn) as connection:
        for event in events:
            connection.execute("INSERT INTO outbox (event) VALUES (%s::jsonb)", (json.dumps(event),))


def payment(number: int, **fields: object) -> dict[str, object]:
    """One payment as JSON."""
    whole = {"type": "transaction/1", "id": f"p{number}", "at": AT, "customer": "c1", "terminal": "m1", "amount": 5}
    return whole | fields


def rows(database: Postgres) -> list[tuple[Any, ...]]:
    """What stands in the table: id, whether it is marked as published, why it is refused."""
    with psycopg.connect(database.dsn) as connection:
        return connection.execute("SELECT id, published_at IS NOT NULL, refused FROM outbox ORDER BY id").fetchall()


def follow(config: dict[str, Any], *, events: int, die_after: int = 0) -> list[str]:
    """Origins of what comes until it is enough, or the process is killed as so many batches stand in Kafka."""
    stop = threading.Event()
    source = Outbox(config=config)
    came: list[Arrival] = []
    settled, deadline = 0, time.monotonic() + 20
    with source.ledger as ledger:
        batches = source.batches(stop)
        for batch in batches:
            came += batch.arrivals
            ledger.settle(batch.positions, now=0)
            settled += bool(batch.arrivals)
            if die_after and settled == die_after:
                batches.close()  # type: ignore[attr-defined]  # a generator's
                break
            if len(came) >= events or time.monotonic() > deadline:
                stop.set()
    return [arrival.origin for arrival in came]


def test_it_keeps_the_contract_of_live_sources(database: Postgres, config: dict[str, Any]) -> None:
    """The application writes its rows once."""
    written: list[bool] = []

    def arrive() -> None:
        if not written:
            written.append(True)
            write(database, *(payment(number) for number in range(6)))

    check_live(Outbox, config=config, arrive=arrive, expect=6)


def test_rows_are_marked_once_they_stand_in_kafka(database: Postgres, config: dict[str, Any]) -> None:
    """Six rows in batches of four, in the order of their ids."""
    write(database, *(payment(number) for number in range(6)))
    came = follow(config, events=6)

    assert came == ["1", "2", "3", "4", "5", "6"]
    assert rows(database) == [(number, True, None) for number in range(1, 7)]


def test_killed_before_the_mark_it_sends_no_row_again(database: Postgres, config: dict[str, Any]) -> None:
    """The first batch stands in Kafka and ledger, the table does not say so yet; the next life marks it and goes on."""
    write(database, *(payment(number) for number in range(6)))
    first = follow(config, events=6, die_after=1)
    unmarked = rows(database)
    second = follow(config, events=2)

    assert (first, second) == (["1", "2", "3", "4"], ["5", "6"])
    assert unmarked == [(number, False, None) for number in range(1, 7)]
    assert rows(database) == [(number, True, None) for number in range(1, 7)]


def test_what_is_no_event_is_refused_in_the_table(database: Postgres, config: dict[str, Any]) -> None:
    """Named by field, without its value: a negative amount, a card number, a list."""
    write(database, payment(1, amount=-1), payment(2), payment(3, customer="4111 1111 1111 1111"), [])
    came = follow(config, events=1)
    refused = {number: reason for number, published, reason in rows(database) if not published}

    assert came == ["2"]
    assert refused.keys() == {1, 3, 4}
    assert refused[1].startswith("amount: expected")
    assert refused[3] == "customer: expected no card number"
    assert "4111" not in str(refused)


def test_a_database_that_goes_away_is_asked_again(database: Postgres, config: dict[str, Any]) -> None:
    """It is stopped under the source, and comes back with a row more."""
    write(database, payment(1))
    stop = threading.Event()
    source = Outbox(config=config)
    came: list[str] = []
    with source.ledger as ledger:
        for batch in source.batches(stop):
            came += [arrival.origin for arrival in batch.arrivals]
            ledger.settle(batch.positions, now=0)
            if came == ["1"] and not source.refused and not batch.arrivals:
                database.stop()
                database_is_up = False
            elif source.refused and not database_is_up:
                database.start()
                database_is_up = True
                with suppress(psycopg.OperationalError):
                    write(database, payment(2))
            if len(came) == 2:
                stop.set()

    assert len(came) == 2  # PostgreSQL leaves out numbers where it was ended hard
    assert [published for _, published, _ in rows(database)] == [True, True]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"table": "outbox; DROP TABLE x"}, "table"),
        ({"dsn": "host=db password=secret"}, "env:NAME or file:PATH, never the secret itself"),
        ({"dsn": "env:NO_SUCH"}, "something in env:NO_SUCH"),
        ({"batch_row": 5}, "batch_row"),
    ],
)
def test_wrong_settings_are_refused_by_name(
    change: dict[str, object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is connected."""
    monkeypatch.setenv("OUTBOX_DSN", "host=nowhere")
    with pytest.raises(SettingsError, match=said):
        Outbox(config={"dsn": "env:OUTBOX_DSN"} | change)
