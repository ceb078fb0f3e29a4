"""Kafka's jars: fetched once by jgo, each checked against the SHA-256 in ``kafka.lock`` on every use.

``python -m deployment.local.jars`` resolves ``ROOTS`` anew and writes the lock; its diff is reviewed like code.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from stream.errors import MachineError

ROOTS = ("org.apache.kafka:kafka_2.13:4.1.0", "org.slf4j:slf4j-simple:1.7.36")
LOCK = Path(__file__).with_name("kafka.lock")
_FETCHERS = 8
_ATTEMPTS = 3


class Jar(NamedTuple):
    """One line of the lock: the SHA-256 of the file, in hex, and ``group:artifact:version``."""

    sha256: str
    coordinate: str

    @property
    def filename(self) -> str:
        """Name of the file in the cache."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def cache_folder() -> Path:
    """Where downloads are kept: ``$XDG_CACHE_HOME/weir``, else ``~/.cache/weir``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "weir"


def locked_jars(lock: Path = LOCK) -> tuple[Jar, ...]:
    """Read the lock: ``SHA-256 group:artifact:version`` a line, ``#`` begins a comment."""
    lines = (line.partition("#")[0].split() for line in lock.read_text().splitlines())
    return tuple(Jar(*line) for line in lines if line)


def jars(
    folder: Path | None = None, *, lock: Path = LOCK, on_progress: Callable[[str], None] = lambda _: None
) -> list[Path]:
    """Have every locked jar on disk, fetching what is missing, and return the class path.

    folder       where they are kept; None: a folder in the user's cache, named by the lock's content
    lock         which jars, and their hashes
    on_progress  told in one line what is being fetched; not called where all is there
    Raises MachineError where one can't be fetched or isn't what the lock says.
    """
    wanted = locked_jars(lock)
    home = folder or cache_folder() / f"kafka-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    missing = [jar for jar in wanted if not _is_sound(home / jar.filename, jar)]
    if missing:
        on_progress(f"fetching {len(missing)} jars of Kafka 4.1, once (about 45 MB, kept in {home})")
        _fetch(missing, home, on_progress)
    return [home / jar.filename for jar in wanted]


def _is_sound(path: Path, jar: Jar) -> bool:
    return path.exists() and _sha256(path) == jar.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(missing: list[Jar], home: Path, on_progress: Callable[[str], None]) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home) as scratch, ThreadPoolExecutor(_FETCHERS) as pool:
            for done, jar in enumerate(pool.map(lambda jar: _fetch_one(jar, Path(scratch), home), missing), start=1):
                on_progress(f"fetched {done}/{len(missing)}: {jar.filename}")
    except OSError as error:
        raise MachineError(
            f"Can't keep Kafka's jars in {home}: {error.strerror or error}",
            "Free some disk there or set XDG_CACHE_HOME to a folder that can be written to",
        ) from error


def _fetch_one(jar: Jar, scratch: Path, home: Path) -> Jar:
    path = _resolve(jar.coordinate, scratch)
    if (found := _sha256(path)) != jar.sha256:
        raise MachineError(
            f"{jar.filename} is not what kafka.lock says: expected SHA-256 {jar.sha256[:12]}…, was {found[:12]}…",
            "Something between here and Maven Central changed it: look there before you go on",
        )
    path.replace(home / jar.filename)  # whole or not at all, even with two processes at it
    return jar


def _resolve(coordinate: str, scratch: Path) -> Path:
    """Let jgo download one file into its own repository under ``scratch``; a mishap is tried again."""
    from jgo.maven import MavenContext  # noqa: PLC0415  0.4 s, and needed on the first start alone

    context = MavenContext(repo_cache=scratch, local_repos=[], timeout=60)
    artifact = context.create_dependency(coordinate).artifact
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return Path(artifact.resolve())
        except Exception as error:  # jgo raises what requests and its parser raise
            shutil.rmtree(artifact.cached_path.parent, ignore_errors=True)  # a torn download would be taken as whole
            if attempt == _ATTEMPTS:
                raise MachineError(
                    f"Can't fetch {coordinate} from Maven Central: {type(error).__name__}",
                    "Mend the network (HTTPS_PROXY is honoured) or name a running Kafka with --bootstrap HOST:PORT",
                ) from error
    raise AssertionError  # the last attempt returned or raised


def _write_lock() -> None:
    import jgo  # noqa: PLC0415  as above

    with tempfile.TemporaryDirectory() as scratch:
        coordinates = sorted(
            f"{found.groupId}:{found.artifactId}:{found.version}" for found in jgo.resolve("+".join(ROOTS))
        )
        with ThreadPoolExecutor(_FETCHERS) as pool:
            sums = list(pool.map(lambda coordinate: _sha256(_resolve(coordinate, Path(scratch))), coordinates))
    header = (
        "# SHA-256 and Maven coordinate of each jar of the embedded Kafka; made by python -m deployment.local.jars\n"
    )
    LOCK.write_text(header + "".join(f"{digest} {name}\n" for digest, name in zip(sums, coordinates, strict=True)))
    sys.stdout.write(f"{LOCK.name}: {len(coordinates)} jars\n")


if __name__ == "__main__":
    _write_lock()
