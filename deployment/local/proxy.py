"""What stands between a broker and those who take the detour: a ``link`` to cut, delay, throttle and mend."""

import subprocess
import sys
from types import TracebackType
from typing import Self

from deployment.local.properties import Detour
from stream.errors import MachineError


class Proxy:
    """A link in a process of its own, which ends with ours; a context manager that stops it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    def start(cls, detour: Detour) -> Self:
        """Listen on 127.0.0.1 and forward; returns once it listens. Raises MachineError where it can't."""
        ports = [str(detour.listen), str(detour.forward)]
        process = subprocess.Popen(  # noqa: S603  our own module
            [sys.executable, "-m", "deployment.local.link", *ports],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches its owner alone
        )
        proxy = cls(process)
        if not proxy._hear():
            proxy.stop()
            raise MachineError(f"Port {detour.listen} of 127.0.0.1 can't be listened on", "Free it, or ask for another")
        return proxy

    def cut(self) -> None:
        """Let nothing pass any more, as if the cable were pulled: connections stay and hang, new ones too."""
        self._command("cut")

    def delay(self, milliseconds: float) -> None:
        """Let all arrive so much later, in order, each way."""
        self._command(f"delay {milliseconds}")

    def throttle(self, bytes_per_second: float) -> None:
        """Let no more than so much pass, each way, over all connections."""
        self._command(f"throttle {bytes_per_second}")

    def mend(self) -> None:
        """Let all pass as before; what was held back arrives."""
        self._command("mend")

    def stop(self) -> None:
        """End the process and with it all connections. May be called again."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _command(self, line: str) -> None:
        """Tell the link, and wait until it has done so."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        if not self._hear():
            raise MachineError(f"The proxy ended when told to {line}", "Read its last words above")

    def _hear(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
