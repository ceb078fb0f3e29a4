"""Re-keying blocks: what is packed comes back, and every event goes to one partition, by its terminal."""

import numpy as np
import pytest

from stream.core.shuffle import OFFSET, Block, pack, split, unpack
from stream.errors import StreamError


def a_block(n: int) -> Block:
    """A block of ``n`` payments over seven terminals."""
    chance = np.random.default_rng(7)
    at = np.sort(chance.integers(0, 1000, n))
    return Block(
        origin=2,
        position=n,
        frontier=1000,
        idle=False,
        integers=np.array((np.arange(n), at + 1, at, at, chance.integers(0, 2**31 - 1, n))),
        id=[f"t{i}" for i in range(n)],
        customer=[f"ü{i % 3}" for i in range(n)],
        terminal=[f"m{i % 7}" for i in range(n)],
        features=chance.normal(size=(n, 5)),
    )


@pytest.mark.parametrize("n", [0, 1, 50])
def test_a_packed_block_comes_back(n: int) -> None:
    """Every column and every string survives the internal topic."""
    block = a_block(n)
    back = unpack(pack(block))

    assert (back.origin, back.position, back.frontier, back.idle) == (2, n, 1000, False)
    assert (back.id, back.customer, back.terminal) == (block.id, block.customer, block.terminal)
    np.testing.assert_array_equal(back.integers, block.integers)
    if n:
        np.testing.assert_array_equal(back.features, block.features)


def test_each_event_goes_to_one_partition_by_its_terminal() -> None:
    """The parts hold all events once, a terminal's all in one part, each part in offset order."""
    parts = [unpack(value) for value in split(a_block(50), 4)]

    assert sorted(name for part in parts for name in part.id) == sorted(a_block(50).id)
    assert all(sum(terminal in part.terminal for part in parts) == 1 for terminal in a_block(50).terminal)
    assert all(part.integers[OFFSET].tolist() == sorted(part.integers[OFFSET].tolist()) for part in parts)


def test_a_block_of_another_layout_is_refused() -> None:
    """A rolling upgrade that changes the layout must not read old blocks as new ones."""
    packed = bytearray(pack(a_block(1)))
    packed[1] = 99  # the first field of the array is the layout version

    with pytest.raises(StreamError, match="expected layout 2, was 99"):
        unpack(bytes(packed))
