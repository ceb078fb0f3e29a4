"""The workers of a scene: real processes, each started again at once when it ends, as ``restart: always`` would."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from deployment.local.needs import free_port
from stream.faults.waiting import wait_for
from stream.run.children import Child
from stream.run.ready import is_ready

_LOOK_SECONDS = 0.02  # how soon a supervisor notices that a worker ended
READY_SECONDS = 120.0
_END_SECONDS = 20.0  # after SIGTERM


@dataclass(slots=True, kw_only=True)
class Worker:
    """One place in the fleet; the process in it may change.

    folder    its working folder: what Faust keeps is written there
    endings   exit status of every process that ended here, negative for a signal
    """

    name: str
    folder: Path
    environment: Mapping[str, str]
    port: int
    child: Child
    endings: list[int] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """What it wrote, over all its lives."""
        return self.child.log

    def is_ready(self) -> bool:
        """Tell whether it has its partitions and their state."""
        return is_ready(f"http://127.0.0.1:{self.port}")

    def answers(self) -> bool:
        """Tell whether its HTTP server is up: it has loaded all, and joins, recovers or works."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.2):
                return True
        except OSError:
            return False

    def signal(self, number: int) -> None:
        """Send a signal to the process that is there now, if it lives."""
        with suppress(ProcessLookupError):
            os.kill(self.child.pid, number)


class Fleet:
    """Workers side by side.

    folder       of their logs and working folders
    environment  the settings of every worker that is added from now on
    log_level    of what they write
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], *, log_level: str = "WARNING") -> None:
        self._folder, self.environment = folder, dict(environment)
        self._arguments = ["worker", "--log-level", log_level]
        self._places: list[Worker] = []
        self._former: list[Worker] = []
        self._started = 0
        self._lock = threading.RLock()
        self._is_over = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self._supervisor.start()

    @property
    def workers(self) -> list[Worker]:
        """Those that are wanted now, oldest first."""
        with self._lock:
            return list(self._places)

    def scale(self, count: int) -> None:
        """Have ``count`` workers: start what is lacking at once, end the newest of what is too much (SIGTERM, wait)."""
        with self._lock:
            surplus, self._places = self._places[count:], self._places[:count]
            while len(self._places) < count:
                self._started += 1
                self._places.append(self._start(self._started))
            self._former += surplus
        for worker in reversed(surplus):
            _end(worker)

    def kill(self, worker: Worker) -> None:
        """``kill -9``; the supervisor starts it again."""
        worker.signal(signal.SIGKILL)

    def lose(self, worker: Worker) -> None:
        """``kill -9``, and nobody starts it again."""
        with self._lock:
            self._places.remove(worker)
            self._former.append(worker)
        worker.signal(signal.SIGKILL)
        _end(worker)

    def terminate(self, worker: Worker) -> None:
        """SIGTERM; the supervisor starts it again when it has ended."""
        worker.signal(signal.SIGTERM)

    def freeze(self, worker: Worker) -> None:
        """SIGSTOP: it stands still and holds what it has, until ``thaw``."""
        worker.signal(signal.SIGSTOP)

    def thaw(self, worker: Worker) -> None:
        """SIGCONT."""
        worker.signal(signal.SIGCONT)

    def wait_ready(self, worker: Worker | None = None, *, within_seconds: float = READY_SECONDS) -> None:
        """Return when one worker (or the given one) has its partitions and their state; raises WeirError otherwise."""
        wait_for(
            lambda: any(one.is_ready() for one in ([worker] if worker else self.workers)),
            what="no worker is ready",
            within_seconds=within_seconds,
        )

    def endings(self) -> dict[str, list[int]]:
        """Exit statuses by worker, of all there ever were."""
        with self._lock:
            return {worker.name: list(worker.endings) for worker in (*self._places, *self._former)}

    def stop(self) -> None:
        """End all, in order where they let us. May be called again."""
        self._is_over.set()
        self._supervisor.join()
        for worker in self._places:
            worker.signal(signal.SIGCONT)  # a frozen one hears nothing
            worker.signal(signal.SIGTERM)
        for worker in self._places:
            with suppress(subprocess.TimeoutExpired):  # its guard would repeat the signal in the midst of its end
                worker.child.process.wait(_END_SECONDS)
        self.scale(0)

    def _start(self, number: int) -> Worker:
        name = f"worker-{number}"
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        port = free_port(0)
        environment = self.environment | {"WEIR_WORKER_METRICS_PORT": str(port)}
        child = Child.start(name, self._arguments, folder=self._folder, environment=environment, cwd=folder)
        return Worker(name=name, folder=folder, environment=environment, port=port, child=child)

    def _supervise(self) -> None:
        while not self._is_over.wait(_LOOK_SECONDS):
            with self._lock:
                for worker in self._places:
                    status = worker.child.ended()
                    if status is not None:
                        worker.endings.append(_signed(status))
                        worker.child.stop()
                        worker.child = Child.start(
                            worker.name,
                            self._arguments,
                            folder=self._folder,
                            environment=dict(worker.environment),
                            cwd=worker.folder,
                        )


def _end(worker: Worker) -> None:
    worker.signal(signal.SIGCONT)
    worker.endings.append(_signed(worker.child.stop()))


def _signed(status: int) -> int:
    """The guard passes a signal on as 256 less its number."""
    return status - 256 if status > 192 else status
