"""Every kind of stored value: a state that has lived, the same put back from bytes, and what each writes next.

``python -m tests.stream.core.stored`` adds the present layouts to ``stored.json``; what stands there is never changed.
"""

import base64
import json
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from stream.core import customer_stage, terminal_stage, terminal_state
from stream.core.customer_stage import CustomerStage
from stream.core.customers import CustomerTable
from stream.core.layout import Layout
from stream.core.market import stage as market_stage
from stream.core.market.row import ROW
from stream.core.market.stage import MarketStage
from stream.core.market.table import SymbolTable
from stream.core.names import CUSTOMER_FEATURES, HOUR_MS
from stream.core.shuffle import Block, empty_block, pack
from stream.core.stage import Stage
from stream.core.terminal_stage import TerminalStage
from stream.core.terminal_state import Cooldowns
from stream.core.terminals import TerminalTable
from stream.settings import Settings
from stream.wire.codec import encode
from stream.wire.events import Trade, Transaction
from stream.wire.records import Slice
from tests.stream.core.random_payments import START, Heard, Paid, hear, pay

FILE = Path(__file__).with_suffix(".json")
_PARTITIONS = 2
_SETTINGS = msgspec.convert({"kafka": {"partitions": _PARTITIONS}}, Settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of value.

    lived   makes a state that has seen something
    loaded  makes one from a stored value
    write   lets a state see one more thing, which ``step`` names, and returns the value it then writes
    unknown layout → bytes of the value after step 2 that a state of that layout could not know: zero, come from there
    """

    layout: Layout
    lived: Callable[[], Any]
    loaded: Callable[[bytes], Any]
    write: Callable[[Any, int], bytes]
    unknown: dict[str, tuple[int, ...]] = field(default_factory=dict)


def kinds() -> list[Kind]:
    """All kinds there are."""
    return [_customers(), _terminals(), _cooldowns(), _symbols(), *_checkpoints()]


def golden() -> dict[str, dict[str, bytes]]:
    """Kind → layout → the value that ``write(lived(), 1)`` gave in a release of that layout."""
    entries = json.loads(FILE.read_text()) if FILE.exists() else {}
    return {
        kind: {layout: zlib.decompress(base64.b64decode(text)) for layout, text in values.items()}
        for kind, values in entries.items()
    }


def _customers() -> Kind:
    def empty() -> CustomerTable:
        return CustomerTable(max_history=64, max_late_ms=HOUR_MS)

    def lived() -> CustomerTable:
        table = empty()
        pay(table, [Paid(START + 977 * i, "c", f"m{i % 2}", 100 + i, f"p{i}") for i in range(5)])
        return table

    def write(table: CustomerTable, step: int) -> bytes:
        pay(table, [Paid(START + 10_000 * step, "c", "m", step, f"q{step}")], first_offset=100 * step)
        return _only(table.take_dirty())

    return Kind(layout=CustomerTable.LAYOUT, lived=lived, loaded=lambda value: _load(empty(), b"c", value), write=write)


def _terminals() -> Kind:
    def empty() -> TerminalTable:
        return TerminalTable(max_history=64, max_late_ms=HOUR_MS)

    def lived() -> TerminalTable:
        table = empty()
        hear(table, [Heard(i % 2, START + 977 * i, "m", i % 2 or 50 + i) for i in range(6)])
        return table

    def write(table: TerminalTable, step: int) -> bytes:
        hear(table, [Heard(0, START + 10_000 * step, "m", step)], first_offset=100 * step)
        return _only(table.take_dirty())

    words = (25, 26, *range(29 + 3 * 5, 29 + 3 * 5 + 4))  # least amount of the run; all marks but the newest payment's
    return Kind(
        layout=TerminalTable.LAYOUT,
        lived=lived,
        loaded=lambda value: _load(empty(), b"m", value),
        write=write,
        unknown={"1": tuple(4 * word + byte for word in words for byte in range(4))},
    )


def _cooldowns() -> Kind:
    def lived() -> Cooldowns:
        state = Cooldowns()
        state.may_tell("c", (START, 2, 7), START, cooldown_ms=0, late_ms=HOUR_MS)
        return state

    def loaded(value: bytes) -> Cooldowns:
        state = Cooldowns()
        state.load(b"\x00cooldown:c", value)
        return state

    def write(state: Cooldowns, step: int) -> bytes:
        state.may_tell("c", (START + step, 3, 70 + step), START + step - 1, cooldown_ms=0, late_ms=HOUR_MS)
        return _only(state.take_dirty())

    return Kind(layout=terminal_state.TOLD.layout, lived=lived, loaded=loaded, write=write)


def _symbols() -> Kind:
    def lived() -> SymbolTable:
        table = SymbolTable(max_symbols=10)
        table.find(["S"])
        for place, name in enumerate(ROW.names or ()):  # plain numbers: what is computed may differ by a bit elsewhere
            table.rows[name] = place + 1
        return table

    def write(table: SymbolTable, step: int) -> bytes:
        table.rows["last_offset"] = step
        table.dirty[0] = 1
        return _only(table.take_dirty())

    def loaded(value: bytes) -> SymbolTable:
        return _load(SymbolTable(max_symbols=10), b"S", value)

    assert ROW.fields is not None
    feed = tuple(range(4 + ROW.fields["sequence"][1], 4 + ROW.itemsize))  # behind the layout's number
    return Kind(layout=SymbolTable.LAYOUT, lived=lived, loaded=loaded, write=write, unknown={"1": feed, "1 bare": feed})


def _checkpoints() -> list[Kind]:
    def pay_stage(stage: Stage, step: int) -> None:
        paid = Transaction(id=f"t{step}", at=START + step, customer="c", terminal="m", amount=100)
        stage.feed(_slice("transactions", encode(paid), step), now=START)

    def hear_stage(stage: Stage, step: int) -> None:
        for origin in range(2 * _PARTITIONS):
            news = empty_block(origin, 10 * step + origin, START + step + origin, idle=origin == 1)
            stage.feed(_slice("weir-by-terminal", pack(news), 2 * _PARTITIONS * step + origin), now=START)

    def hold_back(stage: Stage) -> None:
        stage.feed(_slice("weir-by-terminal", pack(_payment()), 1), now=START)  # the other origins have not spoken

    def trade_stage(stage: Stage, step: int) -> None:
        trade = Trade(symbol="S", at=START + step, price=10.0, size=1)
        stage.feed(_slice("ticks", encode(trade), step), now=START)

    return [
        _checkpoint(customer_stage.CHECKPOINT.layout, lambda: CustomerStage(1, _SETTINGS), pay_stage),
        _checkpoint(terminal_stage.CHECKPOINT.layout, lambda: TerminalStage(1, _SETTINGS, []), hear_stage, hold_back),
        _checkpoint(market_stage.CHECKPOINT.layout, lambda: MarketStage(1, _SETTINGS), trade_stage),
    ]


def _checkpoint(
    layout: Layout,
    empty: Callable[[], Stage],
    see: Callable[[Stage, int], None],
    begin: Callable[[Stage], None] = lambda _: None,
) -> Kind:
    def lived() -> Stage:
        stage = empty()
        stage.restore()
        begin(stage)
        return stage

    def loaded(value: bytes) -> Stage:
        stage = empty()
        stage.state.checkpoint = value
        assert stage.restore() == {"alerts": 1}
        return stage

    def write(stage: Stage, step: int) -> bytes:
        see(stage, step)
        stage.mark(written={"alerts": step})
        return stage.state.checkpoint

    return Kind(layout=layout, lived=lived, loaded=loaded, write=write)


def _payment() -> Block:
    one = np.ones(1, np.int64)
    return Block(
        origin=2,
        position=5,
        frontier=START,
        idle=False,
        integers=np.array((4 * one, START * one, START * one, START * one, 7 * one)),
        id=["t"],
        customer=["c"],
        terminal=["m"],
        features=np.zeros((1, len(CUSTOMER_FEATURES))),
    )


def _slice(topic: str, value: bytes, offset: int) -> Slice:
    return Slice(
        topic=topic,
        partition=1,
        offset=np.array([offset]),
        produced=np.array([START]),
        values=[value],
        next_offset=offset + 1,
    )


def _load(table: Any, key: bytes, value: bytes) -> Any:
    table.load([key], [value])
    return table


def _only(dirty: tuple[Any, Any]) -> bytes:
    (value,) = dirty[1]
    assert value is not None
    return bytes(value)


if __name__ == "__main__":
    found = golden()
    for kind in kinds():
        found.setdefault(kind.layout.kind, {}).setdefault(str(kind.layout.number), kind.write(kind.lived(), 1))
    text = {
        kind: {layout: base64.b64encode(zlib.compress(value, 9)).decode() for layout, value in values.items()}
        for kind, values in found.items()
    }
    FILE.write_text(json.dumps(text, indent=1) + "\n")
    sys.stdout.write(f"{FILE.name}: {sum(map(len, text.values()))} values\n")
