"""Compiling: a kernel that calls another is compiled anew when that one changes."""

import subprocess
import sys
from pathlib import Path

CALLER = """
from models.compiled import kernel
from callee import inner

@kernel
def outer(x):
    return inner(x) + 1.0

print(outer(1.0))
"""
CALLEE = """
from models.compiled import kernel

@kernel
def inner(x):
    return {factor} * x
"""


def run(folder: Path) -> str:
    """Run the caller in a new process, as a worker that starts."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(root)!r}, {str(folder)!r}]; import caller"]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout.strip()


def test_a_caller_does_not_go_on_with_a_callee_that_changed(tmp_path: Path) -> None:
    """Numba's own cache looks at the caller's file only, and would print 3.0 twice."""
    (tmp_path / "caller.py").write_text(CALLER)
    (tmp_path / "callee.py").write_text(CALLEE.format(factor=2.0))
    before = run(tmp_path)
    (tmp_path / "callee.py").write_text(CALLEE.format(factor=30.0))

    assert before == "3.0"
    assert run(tmp_path) == "31.0"
