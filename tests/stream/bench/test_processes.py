"""Pinned, held and weighed processes (``stream.bench.processes``)."""

import os
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from stream.bench.processes import held, running, share_cores, weigh
from stream.run.children import Child


def _a_server(folder: Path, cores: set[int]) -> AbstractContextManager[Child]:
    arguments = ["0", "--bind", "127.0.0.1"]
    return running("server", arguments, cores=cores, folder=folder, environment={}, module="http.server")


def test_a_process_runs_on_its_cores_and_ends_with_its_block(tmp_path: Path) -> None:
    """An interrupted measurement leaves no process behind, and the measuring one where it was."""
    mine = os.sched_getaffinity(0)
    cores = share_cores()
    seen: list[tuple[int, set[int]]] = []

    def interrupted() -> None:
        with _a_server(tmp_path, cores.worker) as child:
            seen.append((child.pid, os.sched_getaffinity(child.pid)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert seen[0][1] == cores.worker
    assert os.sched_getaffinity(0) == mine
    assert not Path(f"/proc/{seen[0][0]}").exists()


def test_the_worker_has_a_core_of_its_own_where_there_are_two() -> None:
    """Broker and load must not slow what is measured."""
    cores = share_cores()

    assert len(cores.worker) == 1
    assert cores.worker | cores.others == os.sched_getaffinity(0)
    assert len(os.sched_getaffinity(0)) == 1 or not cores.worker & cores.others


def test_a_held_process_stands_still_and_goes_on_after(tmp_path: Path) -> None:
    """The kernel reports it as stopped (T) within, and as not stopped after."""
    with _a_server(tmp_path, os.sched_getaffinity(0)) as child:
        with held(child):
            within = _state(child.pid, "T")
        after = _state(child.pid, "SR")

    assert within == "T"
    assert after in "SR"


def test_cpu_time_is_the_kernels() -> None:
    """Burning time in this process adds what the clock of this process says, to two ticks."""
    before, clock = weigh(os.getpid()), time.process_time()
    while time.process_time() < clock + 0.2:
        sum(range(1_000))
    after = weigh(os.getpid())

    assert after.cpu_seconds - before.cpu_seconds == pytest.approx(0.2, abs=0.05)
    assert after.rss_mb > 10.0


def _state(pid: int, wanted: str) -> str:
    """State letter of a process (proc(5)), waited for a while."""
    deadline = time.monotonic() + 5.0
    while True:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if state in wanted or time.monotonic() > deadline:
            return state
        time.sleep(0.01)
