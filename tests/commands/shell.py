"""``weir`` as a user runs it: a process in a folder of its own, and a look at what it leaves behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

PATIENCE_SECONDS = 120.0


class Shell:
    """One user's shell, 80 columns wide, without settings of the machine's; what is begun in it bears its mark.

    folder    to stand in
    settings  environment variables, as in WEIR_BOOTSTRAP="127.0.0.1:9092"
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.temporary = folder / "temporary"
        self.temporary.mkdir(parents=True)
        self._mark = f"WEIR_TEST_SHELL={uuid.uuid4().hex}"
        name, _, value = self._mark.partition("=")
        clean = {key: text for key, text in os.environ.items() if not key.startswith("WEIR_")}
        self._environment = clean | {"COLUMNS": "80", "TMPDIR": str(self.temporary), name: value} | settings

    def run(self, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run ``weir`` to its end."""
        return subprocess.run(
            _command(words),
            cwd=self.folder,
            env=self._environment | settings,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    @contextlib.contextmanager
    def start(self, *words: str) -> Iterator["Running"]:
        """Run ``weir`` beside the test; it is killed if the test leaves it running."""
        running = Running(words, self.folder, self._environment)
        try:
            yield running
        finally:
            running.kill()

    def left(self) -> list[str]:
        """Command lines of processes that were begun in this shell and still run."""
        mark = self._mark.encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # ended while we looked
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found


class Running:
    """A ``weir`` process at a terminal of its own, so that Ctrl-C reaches all of its group."""

    def __init__(self, words: tuple[str, ...], folder: Path, environment: dict[str, str]) -> None:
        self._out, self._err = folder / "stdout", folder / "stderr"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                _command(words), cwd=folder, env=environment, stdout=out, stderr=err, start_new_session=True
            )

    @property
    def out(self) -> str:
        """What it printed."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """What it complained of."""
        return self._err.read_text()

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Return when the condition holds; fail if the process ends before, or it takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.out}\n{self.err}"
            assert time.monotonic() < deadline, f"still waiting:\n{self.out}\n{self.err}"
            time.sleep(0.05)

    def ctrl_c(self) -> int:
        """Press Ctrl-C and wait for the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """End it whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _command(words: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "stream", *words]
