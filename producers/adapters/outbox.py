"""The outbox of a PostgreSQL database: rows that an application writes in the transaction of what they tell of."""

import logging
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from producers.adapters.extra import library
from producers.adapters.patience import Patience
from producers.adapters.posted import UnfitError, read_event
from producers.configuration import read_config
from producers.ledger import Ledger
from producers.live import Arrival, Batch, record_of
from stream.errors import SettingsError
from stream.notify.secrets import Secret, read_secret
from stream.settings import Section

_log = logging.getLogger(__name__)
_WHERE = "[producers.outbox]"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?")
_LAST = "batch"  # of the ledger: the rows of the last batch that stands in Kafka, perhaps not yet marked in the table
_NAP_SECONDS = 0.5
_CONNECT_SECONDS = 4  # a stop is not to wait longer
_LONGEST_WAIT_SECONDS = 30.0

TABLE = """CREATE TABLE IF NOT EXISTS {table} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    refused text
);
CREATE INDEX IF NOT EXISTS {index} ON {table} (id) WHERE published_at IS NULL AND refused IS NULL;"""
"""What an application makes once; it only inserts ``event``."""
_READ = """SELECT id, event::text FROM {table} WHERE published_at IS NULL AND refused IS NULL
    ORDER BY id LIMIT %s FOR UPDATE"""
_PUBLISHED = "UPDATE {table} SET published_at = now() WHERE id = ANY(%s)"
_REFUSED = "UPDATE {table} SET refused = %s WHERE id = %s"


class OutboxConfig(Section, frozen=True, kw_only=True):
    """``[producers.outbox]``.

    dsn           where the connection string is, as it holds a password: "host=… dbname=… user=… password=…"
    table         name, perhaps after its schema
    batch_rows    read, sent and marked at a time
    poll_seconds  between two looks at a table without new rows
    ledger        one of its own for each process
    """

    dsn: Secret
    table: str = "weir_outbox"
    batch_rows: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500
    poll_seconds: Annotated[float, msgspec.Meta(gt=0.0, le=60.0)] = 0.2
    ledger: str = ".weir/outbox.sqlite"


class Outbox:
    """Events from an outbox table in PostgreSQL, each once; rows are marked as published, or refused with a reason."""

    def __init__(self, *, seed: int = 0, config: Mapping[str, object] | None = None) -> None:
        self.config = read_config(OutboxConfig, config or {}, where=_WHERE)
        self.refused: Counter[str] = Counter()
        self.ledger = Ledger(Path(self.config.ledger))
        self._dsn = read_secret(self.config.dsn, field="dsn", where=_WHERE)
        self._psycopg = library("psycopg")
        self._patience = Patience(first=0.5, longest=_LONGEST_WAIT_SECONDS, seed=seed)
        if not _NAME.fullmatch(self.config.table):
            raise SettingsError("table", "a name in lower case, perhaps after its schema", where=_WHERE)
        self._read, self._publish, self._refuse = (
            text.format(table=self.config.table) for text in (_READ, _PUBLISHED, _REFUSED)
        )

    def batches(self, stop: threading.Event) -> Iterator[Batch]:
        """Yield the rows in the order of their ids; a database that is away is asked again."""
        while not stop.is_set():
            try:
                with self._psycopg.connect(self._dsn, connect_timeout=_CONNECT_SECONDS) as database:
                    yield from self._follow(database, stop)
            except self._psycopg.OperationalError as error:
                wait = self._patience.fail()
                self.refused["connection lost"] += 1
                _log.warning("database away reason=%s wait_seconds=%.2f", type(error).__name__, wait)
                while not stop.is_set() and wait > 0.0:
                    yield Batch()
                    stop.wait(min(wait, _NAP_SECONDS))
                    wait -= _NAP_SECONDS

    def _follow(self, database: Any, stop: threading.Event) -> Iterator[Batch]:
        database.execute(self._publish, (self._last(),))  # what stood in Kafka already when the last process ended
        database.commit()
        while not stop.is_set():
            rows = database.execute(self._read, (self.config.batch_rows,)).fetchall()
            self._patience.succeed()
            arrivals = self._arrivals(database, rows)
            sent = [int(arrival.origin) for arrival in arrivals]
            yield Batch(arrivals, {_LAST: msgspec.json.encode(sent).decode()} if sent else {})
            database.execute(self._publish, (sent,))
            database.commit()
            if not rows:
                stop.wait(min(self.config.poll_seconds, _NAP_SECONDS))

    def _last(self) -> list[int]:
        return msgspec.json.decode(self.ledger.place(_LAST) or "[]", type=list[int])

    def _arrivals(self, database: Any, rows: list[tuple[int, str]]) -> list[Arrival]:
        found = []
        for number, text in rows:
            try:
                found.append(Arrival(record_of(read_event(text.encode())), str(number)))
            except UnfitError as error:
                self.refused[str(error)] += 1
                database.execute(self._refuse, (str(error), number))
        return found
