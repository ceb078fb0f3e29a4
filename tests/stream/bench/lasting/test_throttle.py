"""A process given less than a core (``stream.bench.lasting.throttle``)."""

import os
import time
from pathlib import Path

from stream.bench.lasting.throttle import throttled
from stream.bench.processes import running


def test_a_throttled_process_is_stopped_again_and_again_and_runs_on_after(tmp_path: Path) -> None:
    """Within, both states are seen; after it, it is not left stopped."""
    arguments = ["0", "--bind", "127.0.0.1"]
    cores = os.sched_getaffinity(0)
    with running("server", arguments, cores=cores, folder=tmp_path, environment={}, module="http.server") as child:
        with throttled(child, 0.5):
            seen = [_waited_for(child.pid, letters) for letters in ("T", "SR", "T", "SR")]
        after = _waited_for(child.pid, "SR")

    assert seen == [True, True, True, True]
    assert after


def _waited_for(pid: int, letters: str) -> bool:
    """Whether a process comes into one of these states (proc(5)) within a while."""
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline:
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in letters:
            return True
        time.sleep(0.003)
    return False
