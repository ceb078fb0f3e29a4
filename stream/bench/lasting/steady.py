"""A steady load of any length from a process of its own: each payment of a flow is made and sent when it is due.

Open loop, as ``stream.bench.offer``: a payment is stamped with when it was due, however late it leaves.
"""

import asyncio
import sys
import time
from collections import defaultdict, deque
from pathlib import Path

import msgspec
import numpy as np
import uvloop
from aiokafka import AIOKafkaProducer

from stream.bench.flow import Flow
from stream.bench.material import Material
from stream.bench.sending import connected, send

_TICK_SECONDS = 0.003
_LEAD_SECONDS = 0.5  # between connecting and the first payment
_MOST = 5_000  # payments made at one go: a generator that is behind still sends meanwhile
_WAITING = 50  # parts of a partition: beyond it Kafka does not take as much as is offered, and we wait for it


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to offer.

    flow    arguments of ``Flow``
    first   payment to begin with
    rate    payments per second; labels come on top
    report  where to write ``Offered``
    """

    bootstrap: str
    prefix: str
    flow: Flow
    first: int
    rate: float
    seconds: float
    report: str


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What was offered.

    began      epoch ms, when the first payment was due
    payments   sent
    achieved   payments per second, from the first due time until Kafka held the last
    behind_ms  the longest that payments left after they were due
    """

    began: float
    payments: int
    achieved: float
    behind_ms: float


class _Lane:
    """One partition's parts on their way, in order."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str) -> None:
        self._producer, self._prefix = producer, prefix
        self._waiting: deque[tuple[Material, list[int], list[int]]] = deque()
        self.sender: asyncio.Task[None] | None = None

    def put(self, material: Material, places: list[int], stamps: list[int]) -> None:
        self._waiting.append((material, places, stamps))
        if self.sender is None:
            self.sender = asyncio.get_running_loop().create_task(self._send())

    @property
    def is_full(self) -> bool:
        return len(self._waiting) > _WAITING

    async def _send(self) -> None:
        while self._waiting:
            material, places, stamps = self._waiting.popleft()
            await send(self._producer, material, places, stamps, prefix=self._prefix)
        self.sender = None


async def keep_offering(order: Order) -> Offered:
    """Send the payments of a flow, each as soon as it is due, until all of ``seconds`` are."""
    total, behind = int(order.rate * order.seconds), 0.0
    async with connected(order.bootstrap) as producer:
        lanes: defaultdict[int, _Lane] = defaultdict(lambda: _Lane(producer, order.prefix))
        start = time.time() + _LEAD_SECONDS
        done = 0
        while done < total:
            due = min(total, int((time.time() - start) * order.rate) + 1)
            count = min(due - done, _MOST)
            if count <= 0 or any(lane.is_full for lane in lanes.values()):
                await asyncio.sleep(_TICK_SECONDS)
                continue
            behind = max(behind, time.time() - start - done / order.rate)
            material = order.flow.material(order.first + done, count)
            stamps = np.floor(1000.0 * (start + (done + material.number) / order.rate)).astype(np.int64)
            for lane in np.unique(material.lane).tolist():
                places = material.in_lane(lane)
                lanes[lane].put(material, places, stamps[places].tolist())
            done += count
            await asyncio.sleep(0 if due > done else _TICK_SECONDS)
        for sender in lanes.values():
            if sender.sender is not None:
                await sender.sender
    return Offered(
        began=1000.0 * start, payments=total, achieved=total / (time.time() - start), behind_ms=1000.0 * behind
    )


def main(argument: str) -> None:
    """Carry out an ``Order`` given as JSON."""
    order = msgspec.json.decode(argument, type=Order)
    offered = uvloop.run(keep_offering(order))
    Path(order.report).write_bytes(msgspec.json.encode(offered))


if __name__ == "__main__":
    main(sys.argv[1])
