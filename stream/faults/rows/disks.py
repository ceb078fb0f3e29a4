"""Harms to disks: the worker's or the broker's is full, down to the last byte."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deployment.local.kafka import LocalKafka
from stream.faults.ground import Ground
from stream.faults.harm import Harm, Setup
from stream.faults.scene import Scene
from stream.faults.waiting import wait_for

WORKER_MB, BROKER_MB = 1, 768
_INODES = 64  # of the worker's disk: a folder must not find room either
_CHUNK = bytes(1 << 20)
_FIRST_WORKER = "worker-1"  # as the fleet calls its folder
_HALT_SECONDS = 90.0  # until the broker has met the end of its disk
_BROKER: dict[str, object] = {"log.index.size.max.bytes": 64 << 10}  # Kafka sets aside so much a segment, twice


def _lack_mount() -> str:
    """Say why no disk of our own can be mounted here."""
    if os.geteuid() != 0:
        return "needs root, to mount a small disk"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with _disk(Path(folder), megabytes=1):
                return ""
        except (OSError, subprocess.CalledProcessError):
            return "no disk may be mounted here"


@contextmanager
def _disk(folder: Path, *, megabytes: int, inodes: int = 0) -> Iterator[None]:
    """Mount a disk in memory at a folder."""
    options = f"size={megabytes}m,nr_inodes={inodes}"
    _run("mount", "-t", "tmpfs", "-o", options, "weir-faults", str(folder))
    try:
        yield
    finally:
        _run("umount", "--lazy", str(folder))  # a process that ended badly may still stand in it


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # mount and umount, by the names above


def _fill(folder: Path) -> Path:
    """Write a file until nothing more fits."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(_CHUNK):  # writes what fits, then refuses
            pass
    return filler


@contextmanager
def _small_disk_for_the_worker(scene: Scene) -> Iterator[None]:
    """Give the worker a working folder, which is its folder for temporary files too, on a disk of its own."""
    folder = scene.folder / _FIRST_WORKER
    folder.mkdir()
    with _disk(folder, megabytes=WORKER_MB, inodes=_INODES):
        scene.fleet.environment["TMPDIR"] = str(folder)
        yield


def _fill_worker(scene: Scene) -> None:
    """Fill its disk and kill it: the next one must start on a full disk."""
    (worker,) = scene.fleet.workers
    _fill(worker.folder)
    with suppress(OSError):
        for number in range(_INODES):
            (worker.folder / f"inode-{number}").touch()
    scene.pause(0.5, 2.0)
    scene.fleet.kill(worker)


@contextmanager
def _broker_on_a_small_disk(folder: Path) -> Iterator[Ground]:
    """A single broker with its data on a disk of its own."""
    data = folder / "disk"
    data.mkdir()
    extra = {**_BROKER, "log.dirs": data}
    with _disk(data, megabytes=BROKER_MB), LocalKafka.start(folder=folder / "kafka", extra=extra) as broker:
        yield Ground(brokers=[broker], bootstrap=broker.bootstrap, worker_bootstrap=broker.bootstrap)


def _fill_broker(scene: Scene) -> None:
    """Fill its disk until it halts, make room, and start it again on its data."""
    (broker,) = scene.ground.brokers
    filler = _fill(broker.data)
    wait_for(lambda: not broker.is_running, what="the broker goes on", within_seconds=_HALT_SECONDS)
    filler.unlink()
    broker.restart()


HARMS = (
    Harm(
        name="disk full at the worker",
        sentence="The disk of the worker's folders is full, and the worker is killed: the next one starts on it.",
        inflict=_fill_worker,
        setup=Setup(around=_small_disk_for_the_worker),
        lacks=_lack_mount,
    ),
    Harm(
        name="disk full at the broker",
        sentence="The broker's disk is full: it halts; then there is room, and it is started again on its data.",
        inflict=_fill_broker,
        setup=Setup(ground=_broker_on_a_small_disk, is_shared=False),
        lacks=_lack_mount,
    ),
)
