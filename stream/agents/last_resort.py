"""The last resort: ends a process in which not even the watchdog runs, because a call keeps Python's lock for ever.

A compiled kernel or a plug-in in C may never give the interpreter back; then no thread of Python's can end it. A timer
of the operating system can: it counts the processor time of the process, so one that is merely paused (SIGSTOP, a
sleeping machine) has used none of it.
"""

import ctypes
import faulthandler
import signal
from types import TracebackType
from typing import Self

from numba import cfunc, types

from stream.errors import StalledError

_CODE = StalledError.exit_code
_exit = types.ExternalFunction("_exit", types.void(types.intc))


@cfunc(types.void(types.intc), cache=True)
def _end(number: int) -> None:  # noqa: ARG001  # a signal handler is told its signal
    _exit(_CODE)


class LastResort:
    """Ends the process unless ``put_off`` is called every so often: prints where every thread is, then exits.

    seconds  of processor time between two calls; then the exit code is that of ``StalledError``
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def put_off(self) -> None:
        """Begin to count anew."""
        signal.setitimer(signal.ITIMER_PROF, self._seconds)

    def __enter__(self) -> Self:
        # A handler written in Python would wait for the lock as well. ``faulthandler`` prints the stacks without it,
        # then calls the handler that was there before its own.
        process = ctypes.CDLL(None, use_errno=True)
        process.signal.argtypes, process.signal.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
        process.signal(signal.SIGPROF, _end.address)
        faulthandler.register(signal.SIGPROF, all_threads=True, chain=True)
        self.put_off()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        faulthandler.unregister(signal.SIGPROF)
