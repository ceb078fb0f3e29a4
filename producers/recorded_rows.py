"""Rows of a file as events in event-time order; a row that is none is refused and counted, under its first fault."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from producers.recorded_columns import Ints, numbers, texts, times, verdicts
from producers.recorded_files import chunks_of, stem_of
from producers.recorded_mapping import Field, FileMapping
from producers.source import Record
from stream.wire.cards import records_with_cards
from stream.wire.events import Quote, Trade, Transaction
from stream.wire.topics import TICKS, TRANSACTIONS

_FIRST_MS, _END_MS = 631_152_000_000, 4_102_444_800_000  # of ``Millis``
_MAX_AMOUNT = 2**31 - 1
_MAX_PRICE = 1e15
_MAX_ID = 64
_ABSENT = Field(constant="0")
_EMPTY = Field(constant="")


class Row(NamedTuple):
    """One event of a file, with its verdict where the file has one."""

    at: int
    record: Record
    fraud: bool | None = None
    scenario: str = ""


class _Chunk:
    """A piece of a file on its way to events: which rows still stand, and why the others don't."""

    def __init__(self, batch: pa.RecordBatch, mapping: FileMapping, stem: str) -> None:
        self.batch, self.mapping, self.stem = batch, mapping, stem
        self.stands: NDArray[np.bool_] = np.ones(batch.num_rows, np.bool_)
        self.refused: Counter[str] = Counter()

    def need(self, field: str, holds: NDArray[np.bool_]) -> None:
        """Refuse the rows for which it does not hold, under the name of the field."""
        fails = int((self.stands & ~holds).sum())
        if fails:
            self.refused[field] += fails
            self.stands &= holds

    def time(self) -> Ints:
        at = times(self.batch, self.mapping.at, zone=self.mapping.time_zone)
        self.need("at", (at >= _FIRST_MS) & (at < _END_MS))
        return at

    def text(self, name: str, *, needed: bool = True) -> list[str]:
        found = texts(self.batch, self.mapping.field(name) or _EMPTY, stem=self.stem)
        sizes = np.fromiter(map(len, found), np.int64, len(found))
        self.need(name, (sizes <= _MAX_ID) & ((sizes > 0) | (not needed)))
        if self.mapping.event == "transaction" and (cards := records_with_cards([text.encode() for text in found])):
            has_none = np.ones(len(found), np.bool_)
            has_none[cards] = False
            self.need(f"{name} holds a card number", has_none)
        return found

    def number(self, name: str, *, least: float, most: float = _MAX_PRICE, absent: float = np.nan) -> list[float]:
        found = numbers(self.batch, self.mapping.field(name) or _ABSENT, absent=absent)
        self.need(name, (found >= least) & (found <= most))  # NaN compares false
        return found.tolist()

    def standing(self) -> list[int]:
        return np.flatnonzero(self.stands).tolist()


def read_rows(path: Path, mapping: FileMapping, refused: Counter[str]) -> Iterator[Row]:
    """Yield a file's events in event-time order; memory is a chunk and what may still be out of order.

    refused  gets the rows left out, under "<file>: <field>"
    """
    make = _MAKERS[mapping.event]

    def chunks() -> Iterator[list[Row]]:
        for batch in chunks_of(path, mapping.columns, refused):
            chunk = _Chunk(batch, mapping, stem_of(path))
            yield make(chunk)
            for field, count in chunk.refused.items():
                refused[f"{path.name}: {field}"] += count

    late = f"{path.name}: out of order by over {mapping.disorder_seconds:g} s"
    return in_time(chunks(), within_ms=int(mapping.disorder_seconds * 1000), late=late, refused=refused)


def in_time(chunks: Iterable[list[Row]], *, within_ms: int, late: str, refused: Counter[str]) -> Iterator[Row]:
    """Put rows in event-time order, ties as they came; a row over ``within_ms`` behind its time counts as ``late``."""
    time_of = attrgetter("at")
    held: list[Row] = []
    told = -1  # event time of the last row yielded
    for chunk in chunks:
        on_time = [row for row in chunk if row.at >= told]
        if len(on_time) < len(chunk):
            refused[late] += len(chunk) - len(on_time)
        held += on_time
        if not held:
            continue
        held.sort(key=time_of)
        ready = bisect_right(held, held[-1].at - within_ms, key=time_of)
        if ready:
            told = held[ready - 1].at
            yield from held[:ready]
            held = held[ready:]
    yield from held


def _transactions(chunk: _Chunk) -> list[Row]:
    at = chunk.time().tolist()
    ids, customers, terminals = chunk.text("id"), chunk.text("customer"), chunk.text("terminal")
    amounts = chunk.number("amount", least=0.0, most=_MAX_AMOUNT)
    currencies = chunk.text("currency", needed=False)
    verdict, scenario = chunk.mapping.field("fraud"), chunk.text("scenario", needed=False)
    frauds = verdicts(chunk.batch, verdict) if verdict else [None] * chunk.batch.num_rows
    rows = []
    for i in chunk.standing():
        event = Transaction(
            id=ids[i],
            at=at[i],
            customer=customers[i],
            terminal=terminals[i],
            amount=round(amounts[i]),
            currency=currencies[i] or "EUR",
        )
        rows.append(Row(at[i], Record(TRANSACTIONS.name, customers[i], event), frauds[i], scenario[i]))
    return rows


def _trades(chunk: _Chunk) -> list[Row]:
    at = chunk.time().tolist()
    symbols, ids, sides = chunk.text("symbol"), chunk.text("id", needed=False), chunk.text("side", needed=False)
    prices = chunk.number("price", least=np.nextafter(0.0, 1.0))
    sizes = chunk.number("size", least=0.0)
    return [
        Row(
            at[i],
            Record(
                TICKS.name,
                symbols[i],
                Trade(symbol=symbols[i], at=at[i], price=prices[i], size=sizes[i], side=sides[i], id=ids[i]),
            ),
        )
        for i in chunk.standing()
    ]


def _quotes(chunk: _Chunk) -> list[Row]:
    at = chunk.time().tolist()
    symbols, ids = chunk.text("symbol"), chunk.text("id", needed=False)
    bids, asks = chunk.number("bid", least=0.0, absent=0.0), chunk.number("ask", least=0.0, absent=0.0)
    chunk.need("bid and ask", np.array(bids) + np.array(asks) > 0.0)
    bid_sizes = chunk.number("bid_size", least=0.0, absent=0.0)
    ask_sizes = chunk.number("ask_size", least=0.0, absent=0.0)
    return [
        Row(
            at[i],
            Record(
                TICKS.name,
                symbols[i],
                Quote(
                    symbol=symbols[i],
                    at=at[i],
                    bid=bids[i],
                    ask=asks[i],
                    bid_size=bid_sizes[i],
                    ask_size=ask_sizes[i],
                    id=ids[i],
                ),
            ),
        )
        for i in chunk.standing()
    ]


_MAKERS: dict[str, Callable[[_Chunk], list[Row]]] = {"transaction": _transactions, "trade": _trades, "quote": _quotes}
