"""The load of a row, from a process of its own: open loop, every record due at a time that nothing delays."""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import numpy as np
import uvloop

from stream.bench import offer as open_loop
from stream.bench.material import Material
from stream.errors import WeirError
from stream.faults.events import picked
from stream.run.children import Child
from stream.wire.codec import encode

_LOOK_SECONDS = 0.01


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    """A material as a file."""

    counted: str
    lanes: list[tuple[str, int]]
    lane: bytes
    keys: list[bytes]
    values: list[bytes]


class _Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is told. ``begin``: it waits until this file is there; ``first``: the place it begins at."""

    bootstrap: str
    prefix: str
    rate: float
    events: str
    begin: str
    report: str
    first: int


class Load:
    """Offers a material to the input topics; a context manager that ends it.

    events    how many records it has
    material  all of them
    """

    def __init__(self, material: Material, *, bootstrap: str, prefix: str, rate: float, folder: Path) -> None:
        self.events, self.material = len(material), material
        self._bootstrap, self._prefix, self._rate, self._folder = bootstrap, prefix, rate, folder
        self._children: list[Child] = []
        self._was_killed = False
        _store(material, folder / "events")
        self._start(0)

    @property
    def pid(self) -> int:
        """Of the process that offers now."""
        return self._children[-1].pid

    def begin(self) -> None:
        """Let it offer: it has read its events and waits for the word."""
        (self._folder / "begin").touch()

    def kill(self) -> None:
        """``kill -9`` in mid-batch: what it had not handed over is not sent, unless ``restart`` does."""
        self._was_killed = True
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._children[-1].process.wait()

    def restart(self, first: int) -> None:
        """Offer the events from place ``first`` on, as a producer does that knows not which of its last arrived."""
        self._was_killed = False
        self._start(max(0, first))

    def is_done(self) -> bool:
        """Tell whether all is sent; raises WeirError if it failed."""
        if self._children[-1].ended() is None:
            return False
        if not self._was_killed:
            self._children[-1].require_alive()
        return True

    def wait_done(self, *, within_seconds: float) -> None:
        """Return when all is sent; raises WeirError if it takes longer."""
        deadline = time.monotonic() + within_seconds
        while not self.is_done():
            if time.monotonic() > deadline:
                raise WeirError(f"the load is not through after {within_seconds:.0f} s; see {self._children[-1].log}")
            time.sleep(0.05)

    def offered_per_second(self) -> float:
        """The rate that was reached, from the first due time until Kafka held the last; 0 where it did not end well."""
        report = self._folder / "offered.json"
        if not report.exists():
            return 0.0
        return round(msgspec.json.decode(report.read_bytes(), type=open_loop.Offered).achieved)

    def _start(self, first: int) -> None:
        order = _Order(
            bootstrap=self._bootstrap,
            prefix=self._prefix,
            rate=self._rate,
            events=str(self._folder / "events"),
            begin=str(self._folder / "begin"),
            report=str(self._folder / "offered.json"),
            first=first,
        )
        arguments = [encode(order).decode()]
        child = Child.start("load", arguments, folder=self._folder, environment={}, module="stream.faults.load")
        self._children.append(child)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self._children:
            child.stop()
        (self._folder / "events").unlink()  # the largest of all that is written


def _store(material: Material, path: Path) -> None:
    lane = material.lane.astype(np.int64).tobytes()
    stored = _Stored(material.counted, material.lanes, lane, material.keys, material.values)
    path.write_bytes(msgspec.msgpack.encode(stored))


def _read(path: Path) -> Material:
    stored = msgspec.msgpack.decode(path.read_bytes(), type=_Stored)
    return Material(
        counted=stored.counted,
        events=len(stored.values),
        lanes=stored.lanes,
        lane=np.frombuffer(stored.lane, np.int64),
        number=np.arange(len(stored.values)),
        keys=stored.keys,
        values=stored.values,
    )


def main(argument: str) -> None:
    """Carry out an ``_Order`` given as JSON."""
    order = msgspec.json.decode(argument, type=_Order)
    material = _read(Path(order.events))
    if order.first:
        material = picked(material, np.arange(order.first, len(material)))
    while not Path(order.begin).exists():
        time.sleep(_LOOK_SECONDS)
    asked = open_loop.Order(
        bootstrap=order.bootstrap,
        prefix=order.prefix,
        partitions=0,
        rate=order.rate,
        seconds=0.0,
        loud_share=0.0,
        seed=0,
        report=order.report,
    )
    offered = uvloop.run(open_loop.offer(asked, material))
    Path(order.report).write_bytes(msgspec.json.encode(offered))


if __name__ == "__main__":
    main(sys.argv[1])
