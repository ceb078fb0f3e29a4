"""How cost and memory grow with keys, with the history of a key, and with the length of the windows.

In this process, without Kafka: both payment stages as the worker feeds them, on one partition, their tables filled
beforehand. The customers and terminals of the payments that are timed are drawn at random from all that are resident,
so the memory of the machine is in the figures.
"""

import time
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from models.detector import Detector
from stream.bench.flow import Columns, Flow
from stream.core.customer_stage import CustomerStage
from stream.core.names import DAY_MS, WINDOWS
from stream.core.shuffle import PAYMENT
from stream.core.terminal_stage import TerminalStage
from stream.settings import Settings
from stream.wire.columns import Payments
from stream.wire.records import Slice
from stream.wire.topics import BY_TERMINAL, TRANSACTIONS

_CHUNK = 65_536  # payments remembered at a time while tables are filled
_SLICE = 4_096
_LONGEST_DAYS = max(WINDOWS.values()) / DAY_MS
_TERMINAL_SHARE = 5  # customers a terminal, as in the other measurements


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """What payments cost with so much state.

    customers, terminals            keys held
    history                         payments of a customer within the longest window, on average
    customer_us, terminal_us        CPU µs an event of each stage, at slices of 4,096
    customer_bytes, terminal_bytes  held for a key, arrays and index
    """

    customers: int
    terminals: int
    history: float
    customer_us: float
    terminal_us: float
    customer_bytes: float
    terminal_bytes: float

    @property
    def us(self) -> float:
        """CPU µs an event of both stages."""
        return self.customer_us + self.terminal_us


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """Cost against one thing at a time.

    keys     customers → at the same history each
    windows  days → at the same customers, each of whom pays as often a day, as far back as the days say. The horizons
             themselves are part of the models (``core.names``): what grows with a longer window is what it holds, so
             a window of d days costs what the one of 30 costs with d / 30 of its payments
    """

    keys: dict[str, Size]
    windows: dict[str, Size]


def measure_growth(
    settings: Settings,
    detectors: Sequence[Detector],
    *,
    keys: Sequence[int],
    history: float,
    days: Sequence[int],
    customers: int,
    a_day: float,
    events: int,
    tell: Callable[[float], None],
) -> Growth:
    """Measure cost at each number of ``keys``, then at each number of ``days``.

    history           payments of a customer in 30 days, while keys grow
    customers, a_day  keys, and payments of each per day, while windows grow
    events            timed at each point
    """
    steps = len(keys) + len(days)
    by_keys, by_days = {}, {}
    for i, count in enumerate(keys):
        tell(i / steps)
        by_keys[str(count)] = measure_size(settings, detectors, customers=count, history=history, events=events)
    for i, length in enumerate(days, len(keys)):
        tell(i / steps)
        by_days[str(length)] = measure_size(
            settings, detectors, customers=customers, history=a_day * length, events=events
        )
    tell(1.0)
    return Growth(keys=by_keys, windows=by_days)


def measure_size(
    settings: Settings, detectors: Sequence[Detector], *, customers: int, history: float, events: int
) -> Size:
    """Fill both tables with the payments of the longest window, then time ``events`` more; the better of two halves."""
    single = msgspec.structs.replace(settings, kafka=msgspec.structs.replace(settings.kafka, partitions=1))
    flow = Flow(customers=customers, terminals=max(1, customers // _TERMINAL_SHARE), history=history, partitions=1)
    first, second = CustomerStage(0, single), TerminalStage(0, single, detectors)
    for output in (first.idle(topic, now=0) for topic in CustomerStage.topics):
        for record in output.records:
            second.feed(_slice(BY_TERMINAL.name, [record.value], second.resume_at().get(BY_TERMINAL.name, 0)), now=0)
    begin = _fill(flow, first, second)
    bytes_of = [stage.state.nbytes / max(1, len(stage.state)) for stage in (first, second)]
    sizes = len(first.state), len(second.state)
    half = max(_SLICE, events // 2)
    spent = [_timed(flow, first, second, begin + i * half, half) for i in range(2)]
    return Size(
        customers=sizes[0],
        terminals=sizes[1],
        history=history,
        customer_us=min(customer for customer, _ in spent),
        terminal_us=min(terminal for _, terminal in spent),
        customer_bytes=bytes_of[0],
        terminal_bytes=bytes_of[1],
    )


def _fill(flow: Flow, first: CustomerStage, second: TerminalStage) -> int:
    """Remember the payments of one whole window; returns how many."""
    total = max(flow.window_events, flow.customers)
    for begin in range(0, total, _CHUNK):
        columns = flow.columns(begin, min(_CHUNK, total - begin))
        payments = _payments(columns)
        first.state.apply(payments)
        second.state.terminals.apply(
            kind=np.full(len(columns), PAYMENT),
            at=columns.at,
            amount=columns.amount,
            terminal=payments.terminal,
            seq=columns.at,
            origin=np.zeros(len(columns), np.int64),
            offset=payments.offset,
            id=payments.id,
            ratio=np.ones(len(columns)),
        )
        first.state.take_dirty()  # as every commit does: so that rows may be forgotten
    return total


def _payments(columns: Columns) -> Payments:
    n = len(columns)
    return Payments(
        partition=0,
        offset=np.arange(columns.first, columns.first + n),
        produced=columns.at,
        at=columns.at,
        amount=columns.amount,
        id=[f"p{number}" for number in range(columns.first, columns.first + n)],
        customer=[f"c{number}" for number in columns.customer.tolist()],
        terminal=[f"m{number}" for number in columns.terminal.tolist()],
    )


def _timed(flow: Flow, first: CustomerStage, second: TerminalStage, begin: int, events: int) -> tuple[float, float]:
    """Feed payments ``begin … begin + events`` to both stages; returns CPU µs an event of each."""
    spent = [0, 0]
    onward = second.resume_at().get(BY_TERMINAL.name, 0)
    done = 0
    for start in range(begin, begin + events, _SLICE):
        count = min(_SLICE, begin + events - start)
        material = flow.material(start, count)
        values = [material.values[place] for place in material.in_lane(material.lanes.index((TRANSACTIONS.name, 0)))]
        records = _slice(TRANSACTIONS.name, values, start)
        clock = time.process_time_ns()
        output = first.feed(records, now=0)
        spent[0] += time.process_time_ns() - clock
        blocks = [record.value for record in output.records if record.topic == BY_TERMINAL.name]
        piece = _slice(BY_TERMINAL.name, blocks, onward)
        onward += len(blocks)
        clock = time.process_time_ns()
        judged = second.feed(piece, now=0)
        spent[1] += time.process_time_ns() - clock
        done += judged.scored.size
    assert done == events, f"{done} of {events} were scored"
    return spent[0] / 1000 / events, spent[1] / 1000 / events


def _slice(topic: str, values: Sequence[bytes], offset: int) -> Slice:
    n = len(values)
    return Slice(
        topic=topic,
        partition=0,
        offset=np.arange(offset, offset + n),
        produced=np.full(n, 2_000_000_000_000),
        values=list(values),
        next_offset=offset + n,
    )
