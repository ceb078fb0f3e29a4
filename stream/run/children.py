"""The processes that ``weir run`` starts: a worker and producers, each guarded so that none outlives its parent."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import deployment.local
from stream.errors import WeirError

_GUARD = Path(deployment.local.__file__).with_name("guard.py")
_GRACE_SECONDS = 30.0


@dataclass(slots=True)
class Child:
    """One ``weir`` process in a session of its own, so that Ctrl-C reaches its parent alone.

    log  where it writes
    """

    name: str
    log: Path
    process: "subprocess.Popen[bytes]"
    pid: int

    @classmethod
    def start(
        cls,
        name: str,
        arguments: list[str],
        *,
        folder: Path,
        environment: dict[str, str],
        module: str = "stream",
        cwd: Path | None = None,
    ) -> "Child":
        """Start ``weir`` (or another ``module`` of ours) with ``arguments``, logging to ``folder/name.log``.

        cwd  its working folder; None: ours
        """
        command = [sys.executable, "-m", module, *arguments]
        return cls.start_command(name, command, folder=folder, environment=environment, cwd=cwd)

    @classmethod
    def start_command(
        cls, name: str, command: list[str], *, folder: Path, environment: dict[str, str], cwd: Path | None = None
    ) -> "Child":
        """Start any program likewise."""
        log = folder / f"{name}.log"
        with log.open("ab") as sink:
            process = subprocess.Popen(  # noqa: S603  # our own commands
                [sys.executable, "-I", "-S", str(_GUARD), str(_GRACE_SECONDS), "", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                env={**os.environ, **environment},
                start_new_session=True,
                cwd=cwd,
            )
        assert process.stdout is not None
        return cls(name, log, process, int(process.stdout.readline() or 0))

    def ended(self) -> int | None:
        """Exit status; None while it runs."""
        return self.process.poll()

    def stop(self) -> int:
        """Ask it to end (SIGTERM), wait, by force after a grace; returns its exit status."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if not self.process.stdin.closed:
            self.process.stdin.close()
        status = self.process.wait()
        self.process.stdout.close()
        return status

    def require_alive(self) -> None:
        """Raise WeirError with the last lines of its log if it ended by a fault."""
        status = self.ended()
        if status not in (None, 0):
            last = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()][-5:]
            raise WeirError(
                f"the process {self.name} ended with status {status}; its last words:\n  " + "\n  ".join(last)
            )
