"""Rows for the changelog: what is refused, what is deleted, and that both tables keep the same promises."""

from collections.abc import Callable

import pytest

from stream.core.customers import CustomerTable
from stream.core.names import HOUR_MS
from stream.core.rows import RowTable
from stream.core.terminals import TerminalTable
from stream.errors import StateError
from tests.stream.core.random_payments import START, Heard, Paid, hear, pay


def customers(events: int, max_history: int = 64) -> RowTable:
    """Three customers who paid in turn."""
    table = CustomerTable(max_history=max_history, max_late_ms=HOUR_MS)
    pay(table, [Paid(START + i, f"k{i % 3}", "t", i, f"p{i}") for i in range(events)])
    return table


def terminals(events: int, max_history: int = 64) -> RowTable:
    """Three terminals with payments and verdicts in turn."""
    table = TerminalTable(max_history=max_history, max_late_ms=HOUR_MS)
    hear(table, [Heard(i % 2, START + i, f"k{i % 3}", i % 2) for i in range(events)])
    return table


tables = pytest.mark.parametrize("table_of", [customers, terminals])
TableOf = Callable[..., RowTable]


@tables
def test_a_row_is_handed_out_once(table_of: TableOf) -> None:
    """What did not change since the last call is not written again."""
    table = table_of(9)
    keys, _ = table.take_dirty()

    assert sorted(keys) == [b"k0", b"k1", b"k2"]
    assert table.take_dirty() == ([], [])


@tables
def test_the_last_value_of_a_key_wins_and_none_deletes(table_of: TableOf) -> None:
    """A changelog holds old values and deletions of a key before its newest."""
    _, [old, *_] = table_of(3).take_dirty()
    keys, [new, *others] = table_of(9).take_dirty()
    table = table_of(0)
    table.load([b"k0", b"k0", b"k2", b"k1", *keys], [old, None, None, None, new, *others])
    table.load([b"k1", b"never"], [None, None])
    again = table_of(0)
    again.load([b"k0"], [new])

    assert len(table) == 2
    assert len(again) == 1
    assert table.take_dirty() == ([], [])


@tables
def test_a_deleted_row_leaves_nothing_to_the_next_key(table_of: TableOf) -> None:
    """The place of a deleted key goes to another one, which begins from nothing."""
    keys, values = table_of(9).take_dirty()
    table = table_of(0)
    table.load(keys, values)
    table.load([b"k0"], [None])
    table.load([b"new"], [values[1]])

    assert len(table) == 3
    assert table.nbytes > 0


@tables
def test_a_value_of_another_layout_is_refused(table_of: TableOf) -> None:
    """A row of a later release: the error says which layout was expected and which one came."""
    keys, values = table_of(3).take_dirty()
    other = [b"\x07" + bytes(value or b"")[1:] for value in values]

    with pytest.raises(StateError, match=r"expected layout \d, was 7"):
        table_of(0).load(keys, other)


@tables
@pytest.mark.parametrize("keep", [0, 3, 4, 24, -4])
def test_a_value_cut_short_is_refused(table_of: TableOf, keep: int) -> None:
    """Bytes that were lost on the way are an error, not a shorter history."""
    keys, values = table_of(3).take_dirty()

    with pytest.raises(StateError, match="row: expected"):
        table_of(0).load(keys, [(value or b"")[:keep] for value in values])


@tables
def test_a_smaller_history_keeps_the_newest_and_counts_the_rest(table_of: TableOf) -> None:
    """The setting was lowered between two starts: a ring's 20 or 40 entries become 8, and the others are told."""
    keys, values = table_of(120).take_dirty()
    table = table_of(0, max_history=8)
    table.load(keys, values)
    rings = 3 if table_of is customers else 6  # a terminal has two

    assert table.overflowed == 120 - 8 * rings
