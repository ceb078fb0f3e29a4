"""When outboxes are emptied: those of one broker together, as soon as it has answered what was sent before.

aiokafka has one request under way to a broker, and takes one batch of a partition into it. What is packed meanwhile
waits, closed, for the next request, and what comes after that for the one after. So packing waits for the answer here:
whatever has come by then goes at once, in few batches.
"""

import asyncio
from typing import Protocol

# After so long without an answer what waits is sent all the same: a partition that Kafka does not take holds up none.
PATIENCE_SECONDS = 0.02


class Emptied(Protocol):
    """What waits to be sent."""

    def send(self, gate: "Gate") -> None:
        """Pack what waits and hand it over; ``gate.answer`` is called once Kafka has taken or refused it."""
        ...


class Gate:
    """Lets the outboxes of one broker send, in turn with its answers."""

    def __init__(self) -> None:
        self._waiting: dict[Emptied, None] = {}
        self._due = 0.0  # loop time until which the most hurried of them can wait
        self._next: asyncio.Handle | None = None
        self._sent_at: float | None = None  # None: nothing is under way

    def want(self, outbox: Emptied, *, within_seconds: float = 0.0) -> None:
        """Have an outbox send, within the time given or with the next answer after it."""
        due = asyncio.get_running_loop().time() + within_seconds
        self._waiting[outbox] = None
        if self._next is None or due < self._due:
            self._due = due
            self._plan()

    def answer(self) -> None:
        """Kafka has answered."""
        self._sent_at = None
        if self._waiting:
            self._plan()

    def _plan(self) -> None:
        """Open when it is time, now at the earliest."""
        if self._next is not None:
            self._next.cancel()
        loop = asyncio.get_running_loop()
        at = self._due if self._sent_at is None else max(self._due, self._sent_at + PATIENCE_SECONDS)
        self._next = loop.call_at(at, self._open) if at > loop.time() else loop.call_soon(self._open)

    def _open(self) -> None:
        self._next = None
        self._sent_at = asyncio.get_running_loop().time()
        waiting, self._waiting = self._waiting, {}
        for outbox in waiting:
            outbox.send(self)
