"""A file of JSON lines, one notice each, synced before it counts as taken; full ones are numbered and the oldest go."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from producers.configuration import read_config
from stream.errors import SettingsError
from stream.notify.sink import NotTakenError
from stream.settings import Section
from stream.wire.codec import encode
from stream.wire.triage import Notice


class FileConfig(Section, frozen=True, kw_only=True):
    """``[notify.sinks.NAME]`` of type file."""

    path: str
    max_bytes: Annotated[int, msgspec.Meta(gt=0)] = 64 << 20  # of a file, before the next is begun
    keep: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10  # full ones: PATH.1 is the latest


class File:
    """Appends each notice as a line of JSON to a file, which is rotated."""

    def __init__(self, *, name: str, config: Mapping[str, object]) -> None:
        self._config = read_config(FileConfig, config, where=f"[notify.sinks.{name}]")
        self._path = Path(self._config.path)
        if not self._path.parent.is_dir():
            raise SettingsError(
                "path", "a file in a folder that there is", str(self._path), where=f"[notify.sinks.{name}]"
            )

    def deliver(self, notice: Notice) -> None:
        """Write it and have the disk keep it."""
        line = encode(notice) + b"\n"
        try:
            size = self._path.stat().st_size if self._path.exists() else 0
            if size and size + len(line) > self._config.max_bytes:
                self._rotate()
            with self._path.open("ab+") as file:
                if file.seek(0, os.SEEK_END) and not _ends_a_line(file.fileno()):
                    line = b"\n" + line  # a crash, or a full disk, tore the last one
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise NotTakenError(f"can't write: {error.strerror}") from None

    def close(self) -> None:
        """Nothing is kept open."""

    def _rotate(self) -> None:
        for number in range(self._config.keep - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def _ends_a_line(descriptor: int) -> bool:
    end = os.lseek(descriptor, 0, os.SEEK_END)
    return os.pread(descriptor, 1, end - 1) == b"\n"
