"""Where each microsecond of a payment goes: a drained backlog under py-spy, its samples added up by step.

Every sample is a thread at work with its stack; the first step of the list below that is anywhere on the stack has it.
A step's share of the samples, of the CPU that the worker used, is what it costs.
"""

import shutil
import signal
import subprocess
import sysconfig
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec

from stream.bench.ground import Ground
from stream.bench.material import payments
from stream.bench.throughput import OF_PAYMENTS, drained
from stream.run.children import Child

_RATE = 100  # samples a second
_STEPS = {
    "changelog, commit": ("Lane.snapshot (", "settle (", "Lane.publish (", "commit (", "(stream/agents/tables.py"),
    "alerts: policy, reasons, sentence": ("(stream/core/payment_alerts.py",),
    "detectors": ("Scorer.score (",),
    "scores": ("_publish_scores (",),
    "decode": ("(stream/wire/codec.py",),
    "customer features": ("(stream/core/customers.py",),
    "shuffle: split, pack": ("CustomerStage._onward (",),
    "shuffle: unpack": ("unpack (stream/core/shuffle.py",),
    "merge": ("(stream/core/merge.py",),
    "terminal features": ("(stream/core/terminals.py",),
    "rest of the stages": ("CustomerStage.", "TerminalStage."),
    "publish": ("(stream/agents/outbox.py", "(stream/agents/gate.py", "(aiokafka/producer/"),
    "fetch, decompress, check": ("(stream/agents/fetch.py", "(stream/agents/private.py", "(stream/agents/consumer.py"),
    "connections": ("(aiokafka/",),
    "Faust, agents, metrics": ("(stream/agents/", "(faust/", "(monitoring/", "asyncio/"),
}
_LOOP = "event loop"  # uvloop's own, of which a stack shows nothing
_WAITING = {"select", "wait", "_shutdown"}  # py-spy takes these for work now and then


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What a payment costs, by step.

    cpu_seconds_per_million  of the worker, under the profiler
    samples                  of threads at work
    steps                    step → µs a payment, the dearest first
    left_out                 why nothing was measured; empty: it was
    """

    cpu_seconds_per_million: float = 0.0
    samples: int = 0
    steps: dict[str, float] = {}
    left_out: str = ""


def measure_profile(ground: Ground, *, events: int) -> Profile:
    """Drain payments once under py-spy."""
    if _py_spy() is None:
        return Profile(left_out="py-spy is not installed: pip install py-spy")
    ground.tell("profile", 0.0)
    material = payments(events, partitions=ground.settings.kafka.partitions)
    placed = ground.place("profile")
    stacks = ground.folder / "profile.txt"
    with ground.worker(placed) as worker:
        tell = partial(ground.tell, "profile")
        run = drained(placed, OF_PAYMENTS, material, worker, tell, watched=lambda: _sampled(worker, stacks))
    samples = shared_out(stacks.read_text().splitlines()) if stacks.exists() else Counter[str]()
    total = samples.total()
    if not total:  # most often for want of the right to look into another process
        said = stacks.with_suffix(".log").read_text().strip().splitlines()
        return Profile(left_out=f"py-spy saw nothing: {said[-1] if said else 'it gave no reason'}")
    cost = run.cpu_seconds_per_million
    steps = {step: cost * count / total for step, count in samples.most_common()}
    return Profile(cpu_seconds_per_million=cost, samples=total, steps=steps)


def shared_out(stacks: Iterable[str]) -> Counter[str]:
    """Count samples by step.

    stacks  as ``py-spy record --format raw`` writes them: frames from the outermost on, between semicolons, a count
    """
    found: Counter[str] = Counter()
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        innermost = stack.rpartition(";")[2].partition(" (")[0].rpartition(".")[2]
        if innermost not in _WAITING:
            steps = (step for step, marks in _STEPS.items() if any(mark in stack for mark in marks))
            found[next(steps, _LOOP)] += int(count)
    return found


@contextmanager
def _sampled(worker: Child, stacks: Path) -> Iterator[None]:
    """Sample a worker's stacks while something runs."""
    program = _py_spy()
    assert program is not None
    command = [program, "record", "--pid", str(worker.pid), "--rate", str(_RATE), "--format", "raw", "--threads"]
    with stacks.with_suffix(".log").open("wb") as log:
        spy = subprocess.Popen([*command, "--output", str(stacks)], stdout=log, stderr=log)  # noqa: S603  # of ours
    try:
        yield
    finally:
        spy.send_signal(signal.SIGINT)  # it writes what it has
        spy.wait(30)


def _py_spy() -> str | None:
    """Find the program beside this Python, or on the path."""
    return shutil.which("py-spy", path=sysconfig.get_path("scripts")) or shutil.which("py-spy")
