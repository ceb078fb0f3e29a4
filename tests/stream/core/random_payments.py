"""Random payments and verdicts with what hurts windows: ties, bursts, exact borders, long silences, late events."""

import math
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from stream.core.customers import CustomerColumns, CustomerTable
from stream.core.names import DAY_MS, HOUR_MS
from stream.core.terminals import TerminalColumns, TerminalTable
from stream.wire.columns import Payments

START = 1_700_000_000_000
STEPS = (0, 0, 1, 999, 60_000, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1, DAY_MS, 7 * DAY_MS, 30 * DAY_MS, 47 * DAY_MS)
LATE = (0, 0, 0, 1, 60_000, HOUR_MS // 2, HOUR_MS)


class Paid(NamedTuple):
    """One payment."""

    at: int
    customer: str
    terminal: str
    amount: int
    id: str


class Heard(NamedTuple):
    """One payment (0) or verdict (1) at a terminal; of a verdict, the id is its payment's."""

    kind: int
    at: int
    terminal: str
    amount: int
    id: str = ""
    ratio: float = math.nan


def moments() -> st.SearchStrategy[list[int]]:
    """Draw event times in order of processing, none more than an hour behind the newest before it."""
    steps = st.tuples(st.sampled_from(STEPS), st.sampled_from(LATE))
    return st.lists(steps, min_size=1, max_size=60).map(_walk)


def _walk(steps: Sequence[tuple[int, int]]) -> list[int]:
    newest, times = START, []
    for step, late in steps:
        newest += step
        times.append(newest - late)
        newest = max(newest, times[-1])
    return times


@st.composite
def payments(draw: st.DrawFn) -> list[Paid]:
    """Draw payments of few customers at few terminals; ids differ."""
    number = count()
    return [
        Paid(
            at,
            f"c{draw(st.integers(0, 2))}",
            f"t{draw(st.integers(0, 3))}",
            draw(st.one_of(st.integers(0, 3), st.integers(0, 2**31 - 1))),
            f"p{next(number)}",
        )
        for at in draw(moments())
    ]


@st.composite
def events(draw: st.DrawFn) -> list[Heard]:
    """Draw payments and verdicts at few terminals."""
    drawn = []
    for at in draw(moments()):
        kind = draw(st.integers(0, 1))
        amount = draw(st.integers(0, 1 if kind else 2**31 - 1))
        name = f"p{draw(st.integers(0, 5))}"
        ratio = draw(st.sampled_from((math.nan, 0.0, 1e-9, 0.3, 1.0, 1.9999, 7.0, 1e300)))
        drawn.append(Heard(kind, at, f"t{draw(st.integers(0, 2))}", amount, name, ratio))
    return drawn


def batch_of(paid: Sequence[Paid], first_offset: int = 0) -> Payments:
    """Put payments into columns, offsets counted from the first one's."""
    at = np.array([payment.at for payment in paid], np.int64)
    return Payments(
        partition=0,
        offset=np.arange(first_offset, first_offset + len(paid)),
        produced=at,
        at=at,
        amount=np.array([payment.amount for payment in paid], np.int64),
        id=[payment.id for payment in paid],
        customer=[payment.customer for payment in paid],
        terminal=[payment.terminal for payment in paid],
    )


def pay(table: CustomerTable, paid: Sequence[Paid], first_offset: int = 0) -> CustomerColumns:
    """Apply payments as one batch."""
    return table.apply(batch_of(paid, first_offset))


def hear(table: TerminalTable, heard: Sequence[Heard], first_offset: int = 0) -> TerminalColumns:
    """Apply events as one batch, in a position order that is the list's."""
    at = np.array([event.at for event in heard], np.int64)
    return table.apply(
        kind=np.array([event.kind for event in heard], np.int64),
        at=at,
        amount=np.array([event.amount for event in heard], np.int64),
        terminal=[event.terminal for event in heard],
        seq=np.full(at.size, START),
        origin=np.zeros(at.size, np.int64),
        offset=np.arange(first_offset, first_offset + at.size),
        id=[event.id for event in heard],
        ratio=np.array([event.ratio for event in heard]),
    )
