"""A process given less than a core: stopped and let go on again, so that its capacity is what was asked for.

With two cores, no load process can offer three times what a worker on a core of its own takes. So the worker is made
slow, and stays what it is otherwise.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from stream.run.children import Child

_PERIOD_SECONDS = 0.05


@contextmanager
def throttled(child: Child, share: float) -> Iterator[None]:
    """Let a process run for ``share`` (0 … 1) of the time within."""
    over = threading.Event()

    def alternate() -> None:
        try:
            while not over.is_set():
                os.kill(child.pid, signal.SIGSTOP)
                over.wait((1.0 - share) * _PERIOD_SECONDS)
                os.kill(child.pid, signal.SIGCONT)
                over.wait(share * _PERIOD_SECONDS)
        except ProcessLookupError:  # it has ended: whoever waits for its work will say so
            pass

    thread = threading.Thread(target=alternate, name="throttle")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
