import re
from pathlib import Path

import pytest

from deployment.local.jars import ROOTS, jars, locked_jars
from stream.errors import MachineError


def test_every_jar_is_pinned_to_a_version_and_a_hash() -> None:
    """The lock holds what was asked for and leaves nothing open."""
    locked = locked_jars()

    assert {*ROOTS} <= {jar.coordinate for jar in locked}
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in locked)
    assert len({jar.filename for jar in locked}) == len(locked)


def test_a_jar_that_is_not_what_the_lock_says_is_refused(tmp_path: Path) -> None:
    """What comes from the registry has another hash: nothing of it is kept."""
    lock = tmp_path / "kafka.lock"
    lock.write_text(f"{'0' * 64} org.slf4j:slf4j-simple:1.7.36\n")

    with pytest.raises(MachineError, match=r"^slf4j-simple-1\.7\.36\.jar is not what kafka\.lock says"):
        jars(tmp_path / "cache", lock=lock)

    assert not list((tmp_path / "cache").glob("*.jar"))


def test_a_spoilt_jar_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    """A torn file under the right name does not reach Java."""
    wanted = next(jar for jar in locked_jars() if "slf4j-simple" in jar.coordinate)
    lock = tmp_path / "kafka.lock"
    lock.write_text(f"{wanted.sha256} {wanted.coordinate}\n")
    (tmp_path / wanted.filename).write_bytes(b"torn")
    told: list[str] = []

    (path,) = jars(tmp_path, lock=lock, on_progress=told.append)

    assert path.stat().st_size > 10_000
    assert told[-1] == "fetched 1/1: slf4j-simple-1.7.36.jar"


def test_an_unreachable_registry_is_one_line_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens where the proxy should be: the refusal names the jar and the alternative."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    with pytest.raises(MachineError, match=r"^Can't fetch .* from Maven Central: ProxyError\. .*--bootstrap"):
        jars(tmp_path)
