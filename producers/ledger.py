"""The ledger of a live source: how far it has come, and what may stand in Kafka without being noted here.

One SQLite file. Before a batch is sent the ends of its topics are noted, durably: the *doubt*. Once it stands in Kafka
the doubt is lifted and the new positions are noted, in one transaction. Who is killed in between finds the doubt, and
looks on the topics, from the noted ends on, for what it had sent.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from stream.errors import MachineError

_FORM = """
CREATE TABLE IF NOT EXISTS positions (name TEXT PRIMARY KEY, place TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS doubt (ends TEXT NOT NULL);
"""
Ends = dict[str, dict[int, int]]
"""Topic without prefix → partition → offset after its last record."""


class Ledger:
    """A file of one process: a second one that opens it is refused. A context manager; every use is of one thread.

    path  its folder is made where there is none
    Raises MachineError where it can't be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = sqlite3.connect(self.path, timeout=1.0, isolation_level=None)
            file.execute("PRAGMA locking_mode = EXCLUSIVE")
            file.execute("PRAGMA synchronous = FULL")
            file.executescript("BEGIN EXCLUSIVE;" + _FORM + "COMMIT;")
        except (sqlite3.Error, OSError) as error:
            raise MachineError(
                f"the ledger {self.path} can't be opened ({error})",
                "One process at a time may use it; give each source a ledger of its own",
            ) from None
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        self._file = None

    def place(self, name: str) -> str | None:
        """Tell where a position stands; None where it was never noted."""
        found = self._open.execute("SELECT place FROM positions WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def doubt(self) -> Ends | None:
        """Ends of the topics before the batch that was under way when the last process ended; None: none was."""
        found = self._open.execute("SELECT ends FROM doubt").fetchone()
        return None if found is None else msgspec.json.decode(found[0], type=Ends)

    def begin(self, ends: Ends) -> None:
        """Note, durably, that a batch is about to be sent."""
        self._write(("DELETE FROM doubt", ()), ("INSERT INTO doubt VALUES (?)", (msgspec.json.encode(ends).decode(),)))

    def settle(self, positions: Mapping[str, str], *, now: int) -> None:
        """Note, durably and in one step, the positions, and that nothing is in doubt; ``now`` is epoch seconds."""
        noted = [("REPLACE INTO positions VALUES (?, ?, ?)", (name, place, now)) for name, place in positions.items()]
        self._write(("DELETE FROM doubt", ()), *noted)

    def forget(self, beginning: str, *, before: int) -> None:
        """Drop the positions whose names begin so and which were noted before then, epoch seconds."""
        self._write(
            ("DELETE FROM positions WHERE substr(name, 1, ?) = ? AND at < ?", (len(beginning), beginning, before))
        )

    def _write(self, *statements: tuple[str, tuple[object, ...]]) -> None:
        file = self._open
        file.execute("BEGIN IMMEDIATE")
        for statement, values in statements:
            file.execute(statement, values)
        file.execute("COMMIT")

    @property
    def _open(self) -> sqlite3.Connection:
        assert self._file is not None, "a ledger is used within its context"
        return self._file
