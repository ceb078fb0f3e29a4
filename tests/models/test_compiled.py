"""Kernels from a cache that several processes share (``models.compiled``)."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parents[2]
_PROGRAM = """
import sys, numpy as np
sys.path.insert(0, sys.argv[1])
from doubled import doubled
for kind in sys.argv[2:]:
    print(doubled(np.arange(5, dtype=kind)).dtype, int(doubled(np.arange(5, dtype=kind)).sum()))
"""
_KERNEL = """
from models.compiled import kernel

@kernel
def doubled(values):
    twice = values.copy()
    for i in range(values.size):
        twice[i] = values[i] + values[i]
    return twice
"""


def _started(folder: Path, *kinds: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _PROGRAM, str(folder), *kinds]
    return subprocess.Popen(command, cwd=_FOLDER, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_processes_that_compile_at_once_leave_each_type_its_own_code(tmp_path: Path) -> None:
    """Three processes compile one kernel for three types into an empty cache; a fourth finds all three, and right."""
    (tmp_path / "doubled.py").write_text(_KERNEL)
    kinds = ("int64", "float32", "uint8")

    for process in [_started(tmp_path, kind) for kind in kinds]:
        assert process.wait(120) == 0
        assert process.stdout is not None
        process.stdout.close()
    output, _ = _started(tmp_path, *kinds).communicate(timeout=120)

    assert output.split() == ["int64", "20", "float32", "20", "uint8", "20"]
    assert len(list((tmp_path / "__pycache__").glob("doubled*.nbc"))) == len(kinds)


@pytest.mark.slow
def test_nobody_reads_while_another_writes(tmp_path: Path) -> None:
    """A process holds the lock as a writer does: one that would load its kernel waits until it is free."""
    (tmp_path / "doubled.py").write_text(_KERNEL)
    _started(tmp_path, "int64").communicate(timeout=120)

    with (tmp_path / "__pycache__" / "kernels.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = _started(tmp_path, "int64")
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(6)
        fcntl.flock(lock, fcntl.LOCK_UN)
        output, _ = waiting.communicate(timeout=120)

    assert output.split() == ["int64", "20"]
