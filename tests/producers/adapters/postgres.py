"""A real PostgreSQL of a test's own: a cluster in a folder, on a socket there, gone afterwards."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _programs() -> Path:
    """Where initdb and pg_ctl are; the test is skipped where they are not."""
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not installed:
        pytest.skip("no PostgreSQL: neither pg_ctl on the path nor /usr/lib/postgresql (apt-get install postgresql)")
    return installed[-1]


class Postgres:
    """Started and stopped by the test; its data stay in between."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._programs = folder, _programs()
        self._user = None
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            try:
                self._user = pwd.getpwnam("postgres")
            except KeyError:
                pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
            shutil.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self.dsn = f"host={folder} dbname=postgres user=weir"
        self._run("initdb", "--pgdata", str(folder / "data"), "--username=weir", "--auth=trust", "--no-sync")

    def start(self) -> None:
        """Let it answer."""
        options = f"-c listen_addresses='' -c unix_socket_directories='{self._folder}' -c fsync=off"
        self._run(
            "pg_ctl",
            "--pgdata",
            str(self._folder / "data"),
            "-w",
            "-l",
            str(self._folder / "log"),
            "-o",
            options,
            "start",
        )

    def stop(self) -> None:
        """End it, whoever is connected."""
        self._control("-m", "immediate", "stop")

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "--pgdata", str(self._folder / "data"), "-w", *words)

    def _run(self, program: str, *words: str) -> None:
        who = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []} if self._user else {}
        subprocess.run(  # type: ignore[call-overload]  # of a user of its own or ours
            [self._programs / program, *words], check=True, stdout=subprocess.DEVNULL, cwd=self._folder, **who
        )


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """Run one in a folder with a short name: a socket's path is at most 107 bytes."""
    database = Postgres(folder)
    database.start()
    try:
        yield database
    finally:
        database.stop()
