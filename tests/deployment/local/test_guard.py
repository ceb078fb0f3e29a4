"""The guard ends what it started when its parent is gone, however early that was."""

import os
import subprocess
import sys
import time
from pathlib import Path

import deployment.local

GUARD = Path(deployment.local.__file__).with_name("guard.py")


def test_a_parent_that_is_gone_before_it_was_answered_leaves_no_process() -> None:
    """Nobody reads the pid any more: the command is ended all the same, and the guard with it."""
    reading, writing = os.pipe()
    os.close(reading)
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(GUARD), "5", "", "sleep", "60"],
        stdin=subprocess.PIPE,
        stdout=writing,
        stderr=subprocess.PIPE,
    ) as guard:
        os.close(writing)
        _, said = guard.communicate(timeout=20)  # closes its standard input, as a parent's end does

    assert (guard.returncode, said) == (-15 % 256, b"")  # the command ended by SIGTERM
    assert time.monotonic() - began < 20
