"""The table of symbols: grows, finds, and puts rows back."""

import numpy as np
import pytest

from stream.core.market.row import ROW
from stream.core.market.table import SymbolTable
from stream.errors import StateError


def test_a_hundred_symbols_keep_their_rows_while_the_table_grows() -> None:
    """It begins with 64; a row is where its symbol was first put."""
    table = SymbolTable(max_symbols=1_000)
    names = [f"S{i}" for i in range(100)]
    first = table.find(names[:50])
    table.rows["last"][first] = np.arange(50.0)

    everyone = table.find(names)

    assert everyone.tolist() == list(range(100))
    assert table.rows["last"][everyone[:50]].tolist() == list(range(50))
    assert len(table) == 100
    assert table.nbytes >= 100 * ROW.itemsize


def test_a_full_table_has_no_row_for_a_new_symbol() -> None:
    """Known ones are still found beside it."""
    assert SymbolTable(max_symbols=2).find(["A", "B", "A", "C"]).tolist() == [0, 1, 0, -1]


def test_the_last_value_of_a_key_wins_and_none_forgets_it() -> None:
    """As a changelog is read: two versions of A, and B deleted."""
    source = SymbolTable(max_symbols=10)
    source.find(["A", "B"])
    versions = []
    for last in (1.0, 2.0):
        source.rows["last"] = last
        source.dirty[:2] = 1
        versions.append(source.take_dirty())
    table = SymbolTable(max_symbols=10)
    table.load([*versions[0][0], *versions[1][0], b"B"], [*versions[0][1], *versions[1][1], None])

    assert table.rows["last"][table.find(["A"])].tolist() == [2.0]
    assert np.isnan(table.rows["last"][table.find(["B"])]).all()
    assert source.take_dirty() == ([], [])


def test_a_row_of_another_layout_is_refused() -> None:
    """State of another version must not be read as if it were ours, whether its number or its size says so."""
    table = SymbolTable(max_symbols=10)
    with pytest.raises(StateError, match="market row: expected layout 2, was 9"):
        table.load([b"A"], [b"\x09\0\0\0" + bytes(ROW.itemsize)])
    with pytest.raises(StateError, match=f"market row: expected {ROW.itemsize} bytes, was 96"):
        table.load([b"A"], [b"\x02\0\0\0" + bytes(96)])
