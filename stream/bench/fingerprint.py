"""What a measurement was taken on: without it a figure means nothing."""

import datetime as dt
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

_PACKAGES = ("weir", "faust-streaming", "aiokafka", "kafka-python", "numpy", "numba", "msgspec", "uvloop")


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """The machine, its load before the measurement, and the versions.

    memory_mb  all there is
    load       1-minute load average when the measurement began: above 0.5 others were at work
    """

    at: str
    cpu: str
    cores: int
    memory_mb: int
    kernel: str
    python: str
    packages: dict[str, str]
    load: float


def fingerprint() -> Fingerprint:
    """Take it now. ``cores`` are those this process may use."""
    return Fingerprint(
        at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        cpu=_field(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_mb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        packages={name: _version(name) for name in _PACKAGES},
        load=round(os.getloadavg()[0], 2),
    )


def _field(path: Path, name: str) -> str:
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
