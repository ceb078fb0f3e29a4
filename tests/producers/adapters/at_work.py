"""A live source at work beside a test, whose batches all reach Kafka."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from producers.live import Arrival, Live


@contextmanager
def at_work(source: Live) -> Iterator[list[Arrival]]:
    """Let it flow until the block ends; what arrived so far."""
    stop, ready = threading.Event(), threading.Event()
    arrived: list[Arrival] = []

    def flow() -> None:
        ledger = source.ledger
        assert ledger is not None
        with ledger:
            for batch in source.batches(stop):
                ready.set()
                ledger.settle(batch.positions, now=int(time.time()))
                arrived.extend(batch.arrivals)

    with ThreadPoolExecutor(1) as pool:
        flowing = pool.submit(flow)
        try:
            assert ready.wait(20), flowing.exception(0)
            yield arrived
        finally:
            stop.set()
        flowing.result(10)
