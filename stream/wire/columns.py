"""Batches: events as columns, structs of arrays of one length ``n``. Nothing here owns state or does work."""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = NDArray[np.float64]  # (n, features), C order


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """Decoded transactions of one slice, in offset order.

    partition  of the topic ``transactions``
    offset     (n,) strictly increasing
    produced   (n,) record timestamp, epoch ms
    at         (n,) event time, epoch ms
    amount     (n,) minor units, 0 … 2**31 - 1
    """

    partition: int
    offset: Ints
    produced: Ints
    at: Ints
    amount: Ints
    id: list[str]
    customer: list[str]
    terminal: list[str]

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """Decoded labels of one slice, in offset order. ``at`` is when the verdict was known, not when one paid."""

    partition: int
    offset: Ints
    produced: Ints
    at: Ints
    fraud: Ints  # (n,) 0 or 1
    id: list[str]  # of the transaction
    customer: list[str]
    terminal: list[str]

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """Decoded trades and quotes of one slice, in offset order.

    is_trade             (n,) 1 a trade, 0 a quote
    price, size, side    (n,) of a trade (nan, nan, 0 for a quote); side +1 buy, -1 sell, 0 unknown
    bid, ask, *_size     (n,) of a quote (nan for a trade); 0 an absent side
    sequence             (n,) number of a trade; 0 where it has none
    """

    partition: int
    offset: Ints
    produced: Ints
    at: Ints
    is_trade: Ints
    price: Floats
    size: Floats
    side: Ints
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    sequence: Ints
    symbol: list[str]

    def __len__(self) -> int:
        return len(self.symbol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """One record that became a dead letter: where, why (a name of ``REASONS``), and which field."""

    topic: str
    partition: int
    offset: int
    produced: int
    size: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What a codec made of a slice: the columns, and what was refused. ``len(columns) + len(rejected) = records``."""

    columns: "Payments | Verdicts | Ticks"
    rejected: list[Rejected] = field(default_factory=list)
