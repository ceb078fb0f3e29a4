"""Whatever was stored by any release is read as it was meant, or refused by name."""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from stream.core.customer_stage import CustomerStage
from stream.core.customers import CustomerTable
from stream.core.layout import Layout, Packed, Stored
from stream.core.market.stage import MarketStage
from stream.core.names import HOUR_MS
from stream.core.stage import Stage
from stream.core.terminal_stage import TerminalStage
from stream.errors import StateError
from stream.settings import Settings
from tests.stream.core.random_payments import START, Paid, pay
from tests.stream.core.stored import Kind, golden, kinds

each = pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.layout.kind)


@each
def test_what_is_written_today_is_what_the_golden_file_holds(kind: Kind) -> None:
    """Who changes a layout adds the step from the one before, which raises its number, and the new layout's value."""
    expected = golden()[kind.layout.kind].get(str(kind.layout.number))
    written = kind.write(kind.lived(), 1)

    assert expected is not None, f"{kind.layout.kind}: run python -m tests.stream.core.stored"
    assert written == expected, f"{kind.layout.kind} has changed: give its Layout a step from the layout before"


@each
def test_every_layout_ever_released_is_gone_on_from(kind: Kind) -> None:
    """A state put back from a stored value of any layout writes next what the state that wrote it writes next.

    But for the bytes that the older layout could not know.
    """
    state = kind.lived()
    kind.write(state, 1)
    expected = kind.write(state, 2)
    stored = golden()[kind.layout.kind]

    assert stored.keys() >= {str(number) for number in range(1, kind.layout.number + 1)}
    for number, value in stored.items():
        known = np.frombuffer(expected, np.uint8).copy()
        known[list(kind.unknown.get(number, ()))] = 0
        assert kind.write(kind.loaded(value), 2) == known.tobytes()


@each
@pytest.mark.parametrize(
    "harm",
    [
        lambda value: b"\x63" + value[1:],
        lambda value: b"\x00" + value[1:],
        lambda value: value[:3],
        lambda value: value[:-12],
        lambda value: value + b"\x00" * 4,
    ],
    ids=["newer", "layout 0", "three bytes", "cut short", "too long"],
)
def test_any_other_value_is_refused_by_name(kind: Kind, harm: Callable[[bytes], bytes]) -> None:
    """What a newer release stored, or what was lost on the way: kind, expectation, what came and what to do."""
    value = harm(kind.write(kind.lived(), 1))

    with pytest.raises(StateError, match=rf"{kind.layout.kind}: expected .*, was .*kafka\.group"):
        kind.loaded(value)


class _Shorter(Stored, frozen=True):
    name: str


class _Longer(Stored, frozen=True):
    name: str
    count: int


def test_a_struct_with_a_field_more_or_less_is_never_filled_up_or_cut() -> None:
    """Somebody adds a field and forgets the number: the golden file would tell, and so does the reading."""
    shorter, longer = Packed("made up", _Shorter), Packed("made up", _Longer)

    with pytest.raises(StateError, match="made up: expected bytes of its layout, was damaged"):
        longer.unpack(shorter.pack(_Shorter("a")))
    with pytest.raises(StateError, match="made up: expected bytes of its layout, was damaged"):
        shorter.unpack(longer.pack(_Longer("a", 1)))


class _NextTable(CustomerTable):
    """Customers of a release to come, whose rows end with a word more, which it reads and forgets."""

    LAYOUT = Layout("customers row", lambda body: body + b"\x07\0\0\0")

    def _unpack(self, rows: Any, words: Any, begins: Any, sizes: Any) -> None:
        assert set(words[begins + sizes - 1].tolist()) == {7}
        super()._unpack(rows, words, begins, sizes - 1)


def test_old_and_new_rows_stand_side_by_side_in_one_changelog() -> None:
    """A made-up next layout: the rows of this one are brought up by its step, those of its own are taken as they are.

    And this release refuses the other's, by name.
    """
    old = CustomerTable(max_history=64, max_late_ms=HOUR_MS)
    pay(old, [Paid(START + i, f"c{i % 3}", "m", i, f"p{i}") for i in range(9)])
    keys, values = old.take_dirty()
    rows = [value or b"" for value in values]
    new_row = b"\x02\0\0\0" + rows[0][4:] + b"\x07\0\0\0"
    table = _NextTable(max_history=64, max_late_ms=HOUR_MS)
    table.load(keys, [new_row, *rows[1:]])
    more = [Paid(START + 20, "c0", "m", 5, "q"), Paid(START + 21, "c1", "m", 5, "r")]
    seen, expected = pay(table, more, 100), pay(old, more, 100)

    assert seen.features.tolist() == expected.features.tolist()
    with pytest.raises(StateError, match="customers row: expected layout 1, was 2"):
        old.load(keys[:1], [new_row])


@pytest.mark.parametrize("stage_of", [CustomerStage, lambda p, s: TerminalStage(p, s, []), MarketStage])
def test_state_made_for_another_number_of_partitions_is_refused(stage_of: Callable[[int, Settings], Stage]) -> None:
    """All topics were given more partitions and the setting raised: histories would be cut in two in silence."""
    four, eight = (msgspec.convert({"kafka": {"partitions": count}}, Settings) for count in (4, 8))
    stage = stage_of(0, four)
    stage.restore()
    stage.mark(written={})
    more = stage_of(0, eight)
    more.state.checkpoint = stage.state.checkpoint

    with pytest.raises(StateError, match=r"checkpoint: expected state made for 8 partitions .*, was 4\. Keys would"):
        more.restore()


def test_partitions_of_the_first_layout_are_checked_where_it_tells_them() -> None:
    """The terminals' checkpoint always had two origins a partition."""
    stage = TerminalStage(0, msgspec.convert({"kafka": {"partitions": 3}}, Settings), [])
    stage.state.checkpoint = golden()["terminals checkpoint"]["1"]

    with pytest.raises(StateError, match="expected state made for 3 partitions"):
        stage.restore()
