"""The re-keying between the two payment stages: one columnar block per slice and target partition.

A block carries the events of one origin (a partition of ``transactions`` or ``labels``) that belong to one terminal
partition, and how far its origin has come in event time. Blocks without events go out too: they are the news that
nothing older will follow, on which the merge waits.
"""

import zlib
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream.errors import StreamError
from stream.wire.columns import Ints, Matrix

VERSION = 2
_READABLE = (1, VERSION)  # 1 had no positions
PAYMENT, VERDICT = 0, 1
OFFSET, PRODUCED, AT, SEQ, AMOUNT = range(5)
_NO_INTEGERS: Ints = np.empty((5, 0), np.int64)
_NO_FEATURES: Matrix = np.empty((0, 0))


def origin_of(partition: int, kind: int) -> int:
    """Number an origin: partition and kind (``PAYMENT`` or ``VERDICT``) in one integer."""
    return 2 * partition + kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Events of one origin for one terminal partition, in offset order, n may be 0.

    position  next offset of the origin after this slice: which of two blocks is the later news; -1 unknown (layout 1)
    frontier  running maximum of event time of the origin after this slice
    idle      True: the origin has nothing more to read at present
    integers  (5, n) rows ``OFFSET`` … ``AMOUNT``: offset; record timestamp and event time, epoch ms; running maximum of
              event time of the origin at each event, which never falls, unlike the event's own; minor units of a
              payment, 0 or 1 of a verdict. One matrix, since a small block costs per array, not per event
    features  (n, CUSTOMER_FEATURES) of payments, (n, 0) of verdicts
    """

    origin: int
    position: int
    frontier: int
    idle: bool
    integers: Ints
    id: list[str]
    customer: list[str]
    terminal: list[str]
    features: Matrix

    def __len__(self) -> int:
        return len(self.id)


def empty_block(origin: int, position: int, frontier: int, *, idle: bool) -> Block:
    """The news alone: how far an origin has come, and whether it has nothing more to read."""
    return Block(
        origin=origin,
        position=position,
        frontier=frontier,
        idle=idle,
        integers=_NO_INTEGERS,
        id=[],
        customer=[],
        terminal=[],
        features=_NO_FEATURES,
    )


class _Packed(msgspec.Struct, array_like=True, frozen=True, gc=False):
    version: int
    origin: int
    frontier: int
    idle: bool
    size: int
    integers: bytes  # (5, n) int64
    id: str  # joined by newlines, which no id contains
    customer: str
    terminal: str
    features: bytes
    position: int = -1


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


def pack(block: Block) -> bytes:
    """Write a block for the internal topic."""
    return _encode(
        _Packed(
            VERSION,
            block.origin,
            block.frontier,
            block.idle,
            len(block),
            block.integers.tobytes(),
            "\n".join(block.id),
            "\n".join(block.customer),
            "\n".join(block.terminal),
            block.features.tobytes(),
            block.position,
        )
    )


def unpack(value: bytes) -> Block:
    """Read a block back, arrays as views of the bytes.

    Raises StreamError for another layout version: drain the internal topic with the old release first.
    """
    packed = _decode(value)
    if packed.version not in _READABLE:
        raise StreamError(f"internal topic: expected layout {VERSION}, was {packed.version}")
    n = packed.size
    if not n:
        return empty_block(packed.origin, packed.position, packed.frontier, idle=packed.idle)
    return Block(
        origin=packed.origin,
        position=packed.position,
        frontier=packed.frontier,
        idle=packed.idle,
        integers=np.frombuffer(packed.integers, np.int64).reshape(5, n),
        id=packed.id.split("\n"),
        customer=packed.customer.split("\n"),
        terminal=packed.terminal.split("\n"),
        features=np.frombuffer(packed.features, np.float64).reshape(n, len(packed.features) // (8 * n)),
    )


def split(block: Block, partitions: int) -> list[bytes]:
    """Split a block by terminal and pack it: one value per terminal partition, in their order.

    Those without events get the same few bytes: how far the origin has come.
    """
    target = np.array([zlib.crc32(terminal.encode()) % partitions for terminal in block.terminal], np.int64)
    counts = np.bincount(target, minlength=partitions).tolist()
    nothing = pack(empty_block(block.origin, block.position, block.frontier, idle=block.idle)) if 0 in counts else b""
    return [
        pack(_take(block, np.flatnonzero(target == partition)) if count < len(block) else block) if count else nothing
        for partition, count in enumerate(counts)
    ]


def _take(block: Block, rows: NDArray[np.intp]) -> Block:
    places = rows.tolist()
    return Block(
        origin=block.origin,
        position=block.position,
        frontier=block.frontier,
        idle=block.idle,
        integers=np.take(block.integers, rows, axis=1),
        id=[block.id[i] for i in places],
        customer=[block.customer[i] for i in places],
        terminal=[block.terminal[i] for i in places],
        features=block.features[rows],
    )
