"""A folder into which others put CSV and Parquet files: each of its rows becomes an event once."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pyarrow as pa

from producers.configuration import read_config
from producers.ledger import Ledger
from producers.live import Arrival, Batch
from producers.recorded_files import ENDINGS, columns_of
from producers.recorded_mapping import FileMapping, built_in_mappings, load_mappings, recognise
from producers.recorded_rows import read_rows
from stream.errors import SettingsError
from stream.settings import Section

_log = logging.getLogger(__name__)
_WHERE = "[producers.folder]"
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)]


class FolderConfig(Section, frozen=True, kw_only=True):
    """``[producers.folder]``.

    folder          where files appear; names that begin with "." or "_" are left alone: their writers are at work
    mapping         of columns, where the format is not known (docs/recorded-data.md)
    settle_seconds  a file is read once it has not changed for so long
    poll_seconds    between two looks
    ledger          what has been read; one of its own for each process
    batch_rows      sent and noted at a time
    """

    folder: str
    mapping: str = ""
    settle_seconds: Seconds = 5.0
    poll_seconds: Seconds = 1.0
    ledger: str = ".weir/folder.sqlite"
    batch_rows: Annotated[int, msgspec.Meta(ge=1, le=20_000)] = 2_000


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """What the ledger knows of a file: how it looked, what became of it, how many of its rows are sent."""

    size: int
    changed_ns: int
    state: Literal["reading", "read", "aside"]
    rows: int = 0


class Folder:
    """Rows of the CSV and Parquet files that appear in a folder, each once."""

    def __init__(self, *, seed: int = 0, config: Mapping[str, object] | None = None) -> None:
        self.config = read_config(FolderConfig, config or {}, where=_WHERE)
        self.seed = seed  # changes nothing
        self.refused: Counter[str] = Counter()
        self.ledger = Ledger(Path(self.config.ledger))
        self._folder = Path(self.config.folder)
        if not self._folder.is_dir():
            raise SettingsError("folder", "a folder that exists", self.config.folder, where=_WHERE)
        self._mappings = load_mappings(Path(self.config.mapping)) if self.config.mapping else built_in_mappings()

    def batches(self, stop: threading.Event) -> Iterator[Batch]:
        """Yield the rows of one file after the other, by name, and look for new ones."""
        while not stop.is_set():
            found = 0
            for path in sorted(each for each in self._folder.iterdir() if _is_ours(each)):
                for batch in self._read(path):
                    found += 1
                    yield batch
                    if stop.is_set():
                        return
            if not found:
                yield Batch()
                self._wait(stop)

    def _wait(self, stop: threading.Event) -> None:
        stop.wait(min(self.config.poll_seconds, 0.5))

    def _read(self, path: Path) -> Iterator[Batch]:
        looks = _look(path)
        if looks is None or time.time_ns() - looks.changed_ns < self.config.settle_seconds * 1e9:
            return
        noted = self._noted(path)
        is_same = noted is not None and (noted.size, noted.changed_ns) == (looks.size, looks.changed_ns)
        if noted is not None and is_same and noted.state != "reading":
            return
        if noted is not None and not is_same and noted.rows:
            yield self._set_aside(path, looks, "changed after it was read, as a whole or in part")
            return
        try:
            mapping = recognise(columns_of(path), self._mappings)
            if mapping is None:
                yield self._set_aside(path, looks, "no mapping fits its columns")
                return
            yield from self._rows(path, mapping, looks, noted.rows if noted is not None and is_same else 0)
        except SettingsError:  # no Parquet yet, or never
            yield self._set_aside(path, looks, "can't be read as what its ending says")
        except (pa.ArrowException, OSError) as error:
            yield self._set_aside(path, looks, f"can't be read to its end ({type(error).__name__})")

    def _rows(self, path: Path, mapping: FileMapping, looks: _Place, sent: int) -> Iterator[Batch]:
        refused: Counter[str] = Counter()
        rows = enumerate(read_rows(path, mapping, refused))
        unsent = islice(rows, sent, None)
        while chunk := list(islice(unsent, self.config.batch_rows)):
            arrivals = [Arrival(row.record, f"{path.name}#{number}") for number, row in chunk]
            yield Batch(arrivals, _at(path, msgspec.structs.replace(looks, rows=chunk[-1][0] + 1)))
        self.refused += refused
        for fault, count in refused.items():
            _log.warning("set aside rows=%d %s", count, fault)
        done = self._noted(path)
        yield Batch((), _at(path, msgspec.structs.replace(looks, state="read", rows=done.rows if done else 0)))

    def _set_aside(self, path: Path, looks: _Place, reason: str) -> Batch:
        self.refused[f"{path.name}: {reason}"] += 1
        _log.warning("set aside file=%s %s", path.name, reason)
        noted = self._noted(path)
        return Batch((), _at(path, msgspec.structs.replace(looks, state="aside", rows=noted.rows if noted else 0)))

    def _noted(self, path: Path) -> _Place | None:
        place = self.ledger.place(f"file {path.name}")
        return None if place is None else msgspec.json.decode(place, type=_Place)


def _at(path: Path, place: _Place) -> dict[str, str]:
    return {f"file {path.name}": msgspec.json.encode(place).decode()}


def _is_ours(path: Path) -> bool:
    return path.name.endswith(ENDINGS) and path.name[0] not in "._"


def _look(path: Path) -> _Place | None:
    try:
        found = path.stat()
    except OSError:  # taken away meanwhile
        return None
    return _Place(found.st_size, found.st_mtime_ns, "reading")
