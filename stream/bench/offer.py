"""Open-loop load from a process of its own: every record is due at a time fixed beforehand and stamped with it.

A record that leaves late, because the generator, the broker or the network is slow, still counts from when it was due:
so a stall is seen in the latency of all it held back, not of one record alone (Tene's "coordinated omission").
"""

import asyncio
import gc
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import uvloop
from aiokafka import AIOKafkaProducer

from stream.bench import material as load
from stream.bench.material import Material
from stream.bench.sending import connected, send
from stream.wire.columns import Ints

_TICK_SECONDS = 0.003  # how often to look what has become due, as long as ``producers.publisher`` lingers
_LEAD_SECONDS = 0.5  # between connecting and the first record


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to offer.

    rate        payments per second; labels come on top
    seconds     for how long
    loud_share  of the payments are out of range
    report      where to write ``Offered``
    """

    bootstrap: str
    prefix: str
    partitions: int
    rate: float
    seconds: float
    loud_share: float
    seed: int
    report: str


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What was offered.

    began            epoch ms, when the first record was due
    payments         sent
    achieved         payments per second, from the first due time until Kafka held the last
    behind_ms        p50, p99 and the longest of: a record on its way later than it was due
    """

    began: float
    payments: int
    achieved: float
    behind_ms: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When each record is due: the ``number``-th payment at ``start + number / rate``, a label with the next payment.

    start  epoch seconds
    """

    start: float
    rate: float
    number: Ints

    def due(self) -> Ints:
        """Due time of each record, epoch ms, rounded down."""
        return np.floor(1000.0 * (self.start + self.number / self.rate)).astype(np.int64)

    def due_by(self, now: float) -> int:
        """How many records are due at ``now``, epoch seconds."""
        return int(np.searchsorted(self.number, (now - self.start) * self.rate, side="right"))


class _Lane:
    """One partition's records: those due wait here while an earlier batch is on its way, and go together."""

    def __init__(self, producer: AIOKafkaProducer, material: Material, due: Ints, prefix: str) -> None:
        self._producer, self._material, self._due, self._prefix = producer, material, due, prefix
        self._waiting: list[int] = []
        self._sender: asyncio.Task[None] | None = None
        self.behind: list[tuple[float, int]] = []  # ms, records

    def put(self, places: list[int]) -> None:
        """Add records that are due."""
        self._waiting += places
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        while self._waiting:
            places, self._waiting = self._waiting, []
            stamps = self._due[places].tolist()
            self.behind.append((1000.0 * time.time() - stamps[0], len(places)))
            await send(self._producer, self._material, places, stamps, prefix=self._prefix)
        self._sender = None

    async def settled(self) -> None:
        """Wait for what is on its way."""
        if self._sender is not None:
            await self._sender


async def offer(order: Order, material: Material) -> Offered:
    """Send all records, each as soon as it is due."""
    gc.freeze()  # the material: else every full collection walks it and stalls the load
    async with connected(order.bootstrap, compression=None) as producer:  # gzip would be most of the load's own work
        schedule = Schedule(start=time.time() + _LEAD_SECONDS, rate=order.rate, number=material.number)
        due = schedule.due()
        lanes = [_Lane(producer, material, due, order.prefix) for _ in material.lanes]
        done = 0
        while done < len(material):
            end = schedule.due_by(time.time())
            which = material.lane[done:end]
            for lane in np.unique(which).tolist():
                lanes[lane].put((done + np.flatnonzero(which == lane)).tolist())
            done = max(done, end)
            await asyncio.sleep(_TICK_SECONDS)
        for sender in lanes:
            await sender.settled()
    seconds = time.time() - schedule.start
    return Offered(
        began=1000.0 * schedule.start,
        payments=material.events,
        achieved=material.events / seconds,
        behind_ms=_quantiles([late for lane in lanes for late in lane.behind]),
    )


def _quantiles(behind: list[tuple[float, int]]) -> dict[str, float]:
    """Of the oldest record of each batch, counted once a record: never too low."""
    every = np.repeat([late for late, _ in behind], [count for _, count in behind])
    p50, p99, longest = np.quantile(every, [0.5, 0.99, 1.0]).tolist()
    return {"p50": p50, "p99": p99, "max": longest}


def main(argument: str) -> None:
    """Carry out an ``Order`` given as JSON."""
    order = msgspec.json.decode(argument, type=Order)
    count = int(order.rate * order.seconds)
    material = load.payments(count, partitions=order.partitions, seed=order.seed, loud_share=order.loud_share)
    offered = uvloop.run(offer(order, material))
    Path(order.report).write_bytes(msgspec.json.encode(offered))


if __name__ == "__main__":
    main(sys.argv[1])
