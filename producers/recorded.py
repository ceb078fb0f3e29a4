"""Recorded data: CSV and Parquet files of card payments and market ticks, by a mapping of their columns.

The formats of ``producers/mappings`` are recognised by their columns; any other file is read by a mapping in TOML:

    [[file]]
    name = "my bank"
    event = "transaction"                                 # or "trade", "quote"
    at = [{ column = "booked", format = "%d.%m.%Y %H:%M:%S" }]
    time_zone = "Europe/Berlin"

    [file.fields]
    id = "reference"
    customer = { column = "card_token", prefix = "c" }
    terminal = "pos"
    amount = { column = "euros", scale = 100 }
    fraud = "is_fraud"                                    # where verdicts are known

``docs/recorded-data.md`` explains every field.
"""

import heapq
import logging
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Annotated

import msgspec

from producers.configuration import read_config
from producers.recorded_files import columns_of, files_of
from producers.recorded_mapping import FileMapping, built_in_mappings, load_mappings, recognise
from producers.recorded_rows import Row, read_rows
from producers.source import Record
from stream.errors import SettingsError
from stream.settings import Section
from stream.wire.events import Label, Transaction
from stream.wire.topics import LABELS, TRUTH

_log = logging.getLogger(__name__)
_DAY_MS = 86_400_000
_EVENTS = {"transactions": ("transaction",), "ticks": ("trade", "quote")}


class RecordedConfig(Section, frozen=True, kw_only=True):
    """``[producers.recorded]``: paths of a file or a folder each, and of a mapping where the format is not known."""

    transactions: str = ""
    ticks: str = ""
    mapping: str = ""
    label_delay_days: Annotated[float, msgspec.Meta(ge=0.0, le=365.0)] = 7.0


class Recorded:
    """Payments and ticks of CSV or Parquet files (--transactions, --ticks, --mapping), in event-time order.

    Where a file of payments has verdicts, they come ``label_delay_days`` later on ``labels``, frauds at once on
    ``truth``. The seed changes nothing: what is recorded is recorded.

    refused  after reading: rows that became no event, per "<file>: <field>"; files of a folder that no mapping fits
    """

    def __init__(self, *, seed: int = 0, config: Mapping[str, object] | None = None) -> None:
        self.config = read_config(RecordedConfig, config or {}, where="[producers.recorded]")
        self.seed = seed
        self.refused: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()
        mappings = load_mappings(Path(self.config.mapping)) if self.config.mapping else built_in_mappings()
        self._files = [
            (path, mapping)
            for option, where in (("transactions", self.config.transactions), ("ticks", self.config.ticks))
            if where
            for path, mapping in self._choose(Path(where), option, mappings)
        ]
        if not self._files:
            raise SettingsError("transactions, ticks", "the path of at least one", where="[producers.recorded]")

    def records(self) -> Iterator[Record]:
        """Yield all files merged; ``refused`` counts anew. Verdicts due after the last payment come at the end."""
        self.refused = refused = Counter(self._skipped)
        payments = [read_rows(*file, refused) for file in self._files if file[1].event == "transaction"]
        ticks = [read_rows(*file, refused) for file in self._files if file[1].event != "transaction"]
        labelled = _with_labels(_merge(payments), int(self.config.label_delay_days * _DAY_MS))
        quiet = (row.record for row in _merge(ticks))
        yield from heapq.merge(labelled, quiet, key=attrgetter("event.at")) if ticks else labelled
        for fault, count in refused.items():
            _log.warning("refused rows=%d %s", count, fault)

    def _choose(self, path: Path, option: str, mappings: Iterable[FileMapping]) -> Iterator[tuple[Path, FileMapping]]:
        fitting = [mapping for mapping in mappings if mapping.event in _EVENTS[option]]
        found = {file: columns_of(file) for file in files_of(path, option=option)}
        chosen = {file: recognise(columns, fitting) for file, columns in found.items()}
        if not any(chosen.values()):
            raise _unmapped(option, found, fitting)
        for file, mapping in chosen.items():
            if mapping:
                yield file, mapping
            else:
                self._skipped[f"{file.name}: no mapping fits, file left out"] += 1


def _merge(files: list[Iterator[Row]]) -> Iterator[Row]:
    return files[0] if len(files) == 1 else heapq.merge(*files, key=attrgetter("at"))


def _with_labels(payments: Iterable[Row], delay_ms: int) -> Iterator[Record]:
    coming: deque[tuple[int, Record]] = deque()  # in order of time: the delay is the same for all
    for row in payments:
        while coming and coming[0][0] < row.at:
            yield coming.popleft()[1]
        yield row.record
        payment = row.record.event
        if row.fraud is None or not isinstance(payment, Transaction):
            continue
        if row.fraud:
            yield Record(TRUTH.name, row.record.key, _label(payment, row, delay_ms=0))
        verdict = Record(LABELS.name, row.record.key, _label(payment, row, delay_ms=delay_ms))
        coming.append((row.at + delay_ms, verdict))
    for _, record in coming:
        yield record


def _label(payment: Transaction, row: Row, *, delay_ms: int) -> Label:
    return Label(
        transaction=payment.id,
        at=payment.at + delay_ms,
        customer=payment.customer,
        terminal=payment.terminal,
        fraud=bool(row.fraud),
        scenario=row.scenario,
    )


def _unmapped(option: str, found: Mapping[Path, list[str]], mappings: Iterable[FileMapping]) -> SettingsError:
    file, columns = next(iter(found.items()))
    known = "; ".join(f"{mapping.name}: {', '.join(mapping.columns)}" for mapping in mappings)
    expected = f"columns of a mapping ({known}), or --mapping FILE.toml that names its own"
    return SettingsError(option, expected, ", ".join(columns), where=str(file))
