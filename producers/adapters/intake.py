"""What a server takes in waits here for its batch, and whoever sent it is told once it stands in Kafka.

The server runs on an event loop in a thread of its own; the batches are made in the thread of the flow.
"""

import asyncio
import hashlib
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from enum import Enum
from typing import NamedTuple

from producers.ledger import Ledger
from producers.live import Arrival, Batch, record_of
from stream.errors import MachineError
from stream.wire.codec import encode
from stream.wire.events import Event

_WAIT_SECONDS = 0.25
_FORGET_SECONDS = 60.0  # between two looks for names that are old enough to be forgotten
_START_SECONDS = 10.0


class Fate(Enum):
    """What became of an event that was taken in."""

    STORED = "stored"  # stands in Kafka
    KNOWN = "known"  # did so before
    OTHER = "other"  # one of this name did so before, and it was another one
    CLOSED = "closed"  # the source ends, or Kafka did not take it: to be sent again


class _Item(NamedTuple):
    name: str
    event: Event
    digest: str
    fate: "Future[Fate]"


class Intake:
    """A queue between a server and a flow; what is named as before is not sent again.

    ledger         remembers the names
    remember_days  for so long
    most           events that may wait; beyond, ``take`` says CLOSED at once
    """

    def __init__(self, ledger: Ledger, *, remember_days: float, most: int = 2_000) -> None:
        self._ledger = ledger
        self._remember = remember_days * 86_400
        self._queue: queue.Queue[_Item] = queue.Queue(most)
        self._forgotten = 0.0
        self._is_open = True

    async def take(self, name: str, event: Event) -> Fate:
        """Wait until an event stands in Kafka; called on the server's loop."""
        item = _Item(name, event, hashlib.sha256(encode(event)).hexdigest()[:16], Future())
        item.fate.set_running_or_notify_cancel()  # whoever goes away meanwhile changes nothing
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            return Fate.CLOSED
        if not self._is_open:
            self._close()
        return await asyncio.wrap_future(item.fate)

    def batches(self, stop: threading.Event) -> Iterator[Batch]:
        """Yield what was taken in; whoever waits is told when the next batch is asked for."""
        waiting: list[_Item] = []
        try:
            while not stop.is_set():
                waiting = self._gather()
                new = self._new(waiting)
                yield Batch(
                    [Arrival(record_of(item.event), item.name) for item in new],
                    {f"id {item.name}": item.digest for item in new},
                )
                self._tell(waiting, {item.name: item for item in new})
                waiting = []
                self._forget()
        finally:
            self._is_open = False
            self._close(waiting)

    def _gather(self) -> list[_Item]:
        found = []
        try:
            found.append(self._queue.get(timeout=_WAIT_SECONDS))
            while True:
                found.append(self._queue.get_nowait())
        except queue.Empty:
            return found

    def _new(self, items: list[_Item]) -> list[_Item]:
        first: dict[str, _Item] = {}
        for item in items:
            if self._ledger.place(f"id {item.name}") is None:
                first.setdefault(item.name, item)
        return list(first.values())

    def _tell(self, items: list[_Item], new: dict[str, _Item]) -> None:
        for item in items:
            stored = new.get(item.name)
            if stored is item:
                item.fate.set_result(Fate.STORED)
            else:
                known = self._ledger.place(f"id {item.name}")
                item.fate.set_result(Fate.KNOWN if known == item.digest else Fate.OTHER)

    def _forget(self) -> None:
        now = time.time()
        if now - self._forgotten > _FORGET_SECONDS:
            self._forgotten = now
            self._ledger.forget("id ", before=int(now - self._remember))

    def _close(self, waiting: list[_Item] | None = None) -> None:
        left = list(waiting or [])
        while True:
            try:
                left.append(self._queue.get_nowait())
            except queue.Empty:
                break
        for item in left:
            item.fate.set_result(Fate.CLOSED)


@contextmanager
def serving(start: Callable[[], Awaitable[Callable[[], Awaitable[object]]]], *, what: str) -> Iterator[None]:
    """Run a server on a loop in a thread of its own for as long as the block lasts.

    start  starts it, and gives what ends it
    what   it is and where, for the error
    Raises MachineError where it can't listen.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=what, daemon=True)
    thread.start()

    def wait_for(step: Callable[[], Awaitable[object]]) -> object:
        async def run() -> object:
            return await step()

        return asyncio.run_coroutine_threadsafe(run(), loop).result(_START_SECONDS)

    async def take_leave() -> None:
        for _ in range(3):  # sockets close in the turns after the one that closes them
            await asyncio.sleep(0)

    try:
        end = wait_for(start)
        try:
            yield
        finally:
            wait_for(end)  # type: ignore[arg-type]  # what ``start`` gave
            wait_for(take_leave)
    except OSError as error:
        raise MachineError(f"{what} can't be served ({error.strerror})", "Name another host or port") from None
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
