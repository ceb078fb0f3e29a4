"""Outlives its parent to end what the parent started: run as a script, standard library only, up in 30 ms.

``python guard.py GRACE_SECONDS FOLDER COMMAND…`` starts COMMAND and writes its pid in one line. It ends with COMMAND's
status when COMMAND ends. When standard input closes (the parent asked for it, or died), COMMAND is asked to end
(SIGTERM), killed after the grace, and FOLDER, if not empty, is removed.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading


def guard(grace_seconds: float, folder: str, command: list[str]) -> int:
    """Run ``command`` until it ends or standard input closes; returns its exit status, negative for a signal."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)  # noqa: S603  our own Java
    over = threading.Event()  # the parent is gone or wants us gone
    threading.Thread(target=_end, args=(child, grace_seconds, over), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):  # the parent is gone already: the thread sees it too
        os.write(sys.stdout.fileno(), b"%d\n" % child.pid)
    status = child.wait()
    if folder and over.is_set():
        shutil.rmtree(folder, ignore_errors=True)
    return status


def _end(child: "subprocess.Popen[bytes]", grace_seconds: float, over: threading.Event) -> None:
    os.read(0, 1)  # nothing is ever written: this returns when the pipe closes
    over.set()
    child.terminate()
    try:
        child.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: None)  # only the parent ends it; SIG_IGN would pass on to the child
    sys.exit(guard(float(sys.argv[1]), sys.argv[2], sys.argv[3:]))
