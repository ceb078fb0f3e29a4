"""Keys and hashes: rows are reused, hashes are the same everywhere."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.core.keys import KeyIndex, name_hashes
from stream.errors import StateError


def fnv_1a(text: str) -> int:
    """Compute the published algorithm in Python, 64 bits folded to 32."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return (value >> 32) ^ (value % 2**32)


@given(names=st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), min_size=1, max_size=64)))
@settings(deadline=None)
def test_hashes_are_fnv_1a(names: list[str]) -> None:
    """Stored rows hold hashes, so they must be a published function and not Python's own."""
    assert name_hashes(names).tolist() == [fnv_1a(name) for name in names]


def test_a_line_break_in_a_name_is_refused() -> None:
    """It would give every later name another's hash."""
    with pytest.raises(StateError, match="line break"):
        name_hashes(["a\nb"])


def test_rows_are_numbered_in_order_and_reused() -> None:
    """A key given back makes room for the next new one; the others keep their rows."""
    index = KeyIndex()
    first = index.rows_of(["a", "b", "a"]).tolist()
    index.give_back("a")
    second = index.rows_of(["b", "c", "d"]).tolist()

    assert first == [0, 1, 0]
    assert second == [1, 0, 2]
    assert index.names == ["c", "b", "d"]
