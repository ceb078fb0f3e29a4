"""The journal of a registry: one line for each change, chained by hashes, only ever added to.

Each line ends with the hash of what stands before it in the line, which holds the hash of the line before: so a line
that is changed, missing or moved is found on the next read, by any program (docs/audit.md has one).
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from models.registry.states import Action
from stream.errors import ModelError

GENESIS = "0" * 64
_SEAL = b',"hash":"'


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One change.

    model   identity of the artefact it is about
    before  identity of the champion it takes the place of; empty: that of the settings
    gates   what was asked of the model, and what it showed (``models.registry.gates``)
    forced  why it was done although a gate failed; empty: none did
    """

    number: int
    previous: str
    at: int  # wall clock, epoch ms
    by: str
    action: Action
    model: str
    before: str = ""
    why: str
    forced: str = ""
    gates: list[dict[str, Any]] = []
    hash: str = ""  # of all before it in its line


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode


def read(path: Path) -> list[Entry]:
    """All entries, first to last; none where there is no file.

    Raises ModelError that names the line which is not as it was written. A last line without its end was being written
    when the power failed, and never counted.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    return [_opened(line, number, path) for number, line in enumerate(_linked(lines[:-1], path))]


def _linked(lines: list[bytes], path: Path) -> Iterator[bytes]:
    previous = GENESIS
    for number, line in enumerate(lines, 1):
        body, _, seal = line.rpartition(_SEAL)
        found = hashlib.sha256(body).hexdigest()
        if seal != f'{found}"}}'.encode() or f'"previous":"{previous}"'.encode() not in body:
            raise ModelError(f"{path.name} line {number}: expected it as it was written, in its place, was changed")
        previous = found
        yield line


def _opened(line: bytes, number: int, path: Path) -> Entry:
    try:
        entry = _decode(line)
    except msgspec.MsgspecError as error:
        raise ModelError(f"{path.name} line {number + 1}: {error}") from None
    if entry.number != number:
        raise ModelError(f"{path.name} line {number + 1}: expected number {number}, was {entry.number}")
    return entry


def sealed(entry: Entry, entries: list[Entry]) -> tuple[bytes, Entry]:
    """Put an entry behind those there are: its line with number, link and hash, and itself with them."""
    last = entries[-1].hash if entries else GENESIS
    placed = msgspec.structs.replace(entry, number=len(entries), previous=last, hash="")
    body = _encode(placed).removesuffix(b',"hash":""}')
    seal = hashlib.sha256(body).hexdigest()
    return body + _SEAL + f'{seal}"}}\n'.encode(), msgspec.structs.replace(placed, hash=seal)


def append(path: Path, line: bytes) -> None:
    """Add a line, durable when this returns. What a power failure left of an unfinished one is cut off first."""
    with path.open("ab+") as sink:
        sink.seek(0)
        whole = sink.read()
        kept = whole.rfind(b"\n") + 1
        if kept != len(whole):
            sink.truncate(kept)
        sink.write(line)
        sink.flush()
        os.fsync(sink.fileno())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time change a registry; raises ModelError where another is at it."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ModelError(f"{folder.name}: expected nobody else to change it just now, was locked") from None
        yield
