"""Who works on it: processes of their own, each on given cores, ended with their parent, weighed by the kernel."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from stream.errors import MachineError
from stream.run.children import Child

_TICKS = os.sysconf("SC_CLK_TCK")


class Cores(msgspec.Struct, frozen=True, kw_only=True):
    """Who runs where: the worker has a core of its own; broker, load and readers share the others.

    On a machine of one core all share it.
    """

    worker: set[int]
    others: set[int]


def share_cores() -> Cores:
    """Divide the cores this process may use; raises MachineError where the system can't pin processes (not Linux)."""
    if not hasattr(os, "sched_setaffinity") or not Path("/proc/self/stat").exists():
        raise MachineError("this system can't pin a process to a core", "Run `weir bench` on Linux.")
    usable = sorted(os.sched_getaffinity(0))
    return Cores(worker={usable[-1]}, others=set(usable[:-1] or usable))


@contextmanager
def pinned(cores: set[int]) -> Iterator[None]:
    """Run on ``cores`` within; what is started there stays there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def running(
    name: str,
    arguments: list[str],
    *,
    cores: set[int],
    folder: Path,
    environment: dict[str, str],
    module: str = "stream",
) -> Iterator[Child]:
    """``python -m module arguments`` on ``cores`` for as long as it is needed."""
    with pinned(cores):
        child = Child.start(name, arguments, folder=folder, environment=environment, module=module)
    with _until_done(child):
        yield child


@contextmanager
def running_command(
    name: str, command: list[str], *, cores: set[int], folder: Path, environment: dict[str, str]
) -> Iterator[Child]:
    """Any program on ``cores`` for as long as it is needed."""
    with pinned(cores):
        child = Child.start_command(name, command, folder=folder, environment=environment)
    with _until_done(child):
        yield child


@contextmanager
def _until_done(child: Child) -> Iterator[None]:
    try:
        yield
    finally:
        child.stop()


@contextmanager
def held(child: Child) -> Iterator[None]:
    """Stop a process in its tracks (SIGSTOP) within, so that work piles up before it begins on it."""
    os.kill(child.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(child.pid, signal.SIGCONT)


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """What a process has used so far.

    cpu_seconds  user and system, all threads
    rss_mb       resident now
    """

    cpu_seconds: float
    rss_mb: float


def weigh(pid: int) -> Weight:
    """Ask the kernel (proc(5): fields 14 and 15 of ``stat``; ``VmRSS`` of ``status``)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    resident = next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)
    return Weight(cpu_seconds=(int(fields[11]) + int(fields[12])) / _TICKS, rss_mb=resident / 1024)
