import json
from pathlib import Path

import pytest

from stream.errors import SettingsError
from stream.notify.files import File
from stream.notify.sink import NotTakenError
from stream.wire.codec import encode
from tests.stream.notify.receivers import a_notice


def ids(path: Path) -> list[str]:
    """Read the ids of a file's notices."""
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_full_files_are_numbered_and_the_oldest_go(tmp_path: Path) -> None:
    """Two notices fit into a file, two full files are kept: of seven, the first two are gone."""
    two = 2 * (len(encode(a_notice("a1"))) + 1)
    sink = File(name="log", config={"path": str(tmp_path / "alerts.jsonl"), "max_bytes": two, "keep": 2})
    for number in range(1, 8):
        sink.deliver(a_notice(f"a{number}"))

    assert ids(tmp_path / "alerts.jsonl") == ["a7"]
    assert ids(tmp_path / "alerts.jsonl.1") == ["a5", "a6"]
    assert ids(tmp_path / "alerts.jsonl.2") == ["a3", "a4"]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_line_torn_by_a_crash_spoils_no_other(tmp_path: Path) -> None:
    """What is written next begins a line of its own."""
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(b'{"type":"notice/1","id":"a0","si')
    File(name="log", config={"path": str(path)}).deliver(a_notice("a1"))

    assert json.loads(path.read_text().splitlines()[1])["id"] == "a1"


def test_a_disk_that_is_full_or_gone_is_tried_again(tmp_path: Path) -> None:
    """The folder is taken away under it."""
    folder = tmp_path / "there"
    folder.mkdir()
    sink = File(name="log", config={"path": str(folder / "alerts.jsonl")})
    folder.rmdir()
    with pytest.raises(NotTakenError, match="can't write: No such file or directory") as told:
        sink.deliver(a_notice())

    assert not told.value.is_final


def test_a_folder_that_is_not_there_is_named_at_the_start(tmp_path: Path) -> None:
    """Before any alert is read."""
    with pytest.raises(SettingsError, match="path: expected a file in a folder that there is"):
        File(name="log", config={"path": str(tmp_path / "nowhere" / "alerts.jsonl")})
