"""Memory of a key: what a customer and a terminal take, part by part, by the length of their history, and at most."""

from collections.abc import Sequence

import msgspec
import numpy as np

from stream.bench.flow import Flow
from stream.core.customers import CustomerTable
from stream.core.rows import RowTable
from stream.core.shuffle import PAYMENT
from stream.core.terminals import TerminalTable
from stream.settings import Payments as Limits
from stream.wire.columns import Payments

_CHUNK = 4_096  # payments at a time, as a worker takes them: room is made for all of a key in one
_KEYS = 10_000  # so many that pages, which keys of one size share, are full
_PAYMENTS = 1_500_000  # at most, for long histories of fewer keys


class KeyMemory(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of one key with so many payments within the longest window, by part of its table.

    entries  that are kept, on average
    """

    entries: float
    keys: int
    bytes: float
    parts: dict[str, float]


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Payments within the longest window → what a key takes; the last is the most that a key can ever take."""

    customers: dict[str, KeyMemory]
    terminals: dict[str, KeyMemory]


def measure_memory(limits: Limits, histories: Sequence[int]) -> Memory:
    """Fill tables with keys of each of ``histories``, and with keys that have more than is remembered of one."""
    every = sorted({*(min(count, limits.max_history) for count in histories), limits.max_history})
    late = 1000 * limits.max_late_seconds
    customers, terminals = {}, {}
    for history in every:
        drawn = history if history < limits.max_history else 2 * history  # so that each key is full
        count = max(1, min(_KEYS, _PAYMENTS // drawn))
        known = CustomerTable(max_history=limits.max_history, max_late_ms=late)
        paid_at = TerminalTable(max_history=limits.max_history, max_late_ms=late)
        _fill(Flow(customers=count, terminals=count, history=float(drawn), partitions=1), known, paid_at)
        customers[str(history)] = _weighed(known, history)
        terminals[str(history)] = _weighed(paid_at, history)
    return Memory(customers=customers, terminals=terminals)


def _fill(flow: Flow, customers: CustomerTable, terminals: TerminalTable) -> None:
    """Remember the payments of one longest window."""
    for begin in range(0, flow.window_events, _CHUNK):
        columns = flow.columns(begin, min(_CHUNK, flow.window_events - begin))
        n = len(columns)
        offset = np.arange(begin, begin + n)
        terminal = [f"m{number}" for number in columns.terminal.tolist()]
        name = [f"p{number}" for number in offset.tolist()]
        customers.apply(
            Payments(
                partition=0,
                offset=offset,
                produced=columns.at,
                at=columns.at,
                amount=columns.amount,
                id=name,
                customer=[f"c{number}" for number in columns.customer.tolist()],
                terminal=terminal,
            )
        )
        terminals.apply(
            kind=np.full(n, PAYMENT),
            at=columns.at,
            amount=columns.amount,
            terminal=terminal,
            seq=columns.at,
            origin=np.zeros(n, np.int64),
            offset=offset,
            id=name,
            ratio=np.ones(n),
        )


def _weighed(table: RowTable, history: int) -> KeyMemory:
    keys = len(table)
    parts = {name: held / keys for name, held in table.parts.items()}
    return KeyMemory(entries=float(history), keys=keys, bytes=sum(parts.values()), parts=parts)
