"""Each rival has an environment of its own (``stream.bench.rivals.environments``)."""

import subprocess
from pathlib import Path

import pytest

from stream.bench.rivals.environments import environment
from stream.bench.rivals.roster import RIVALS, Rival
from stream.errors import MachineError


@pytest.fixture
def without_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither installer may fetch anything, nor find it where earlier runs have left it."""
    for name, value in {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))


def test_an_environment_is_made_once_and_sees_nothing_of_weirs(tmp_path: Path) -> None:
    """It is told of when it is made, found again without a word, and has none of the packages beside it."""
    requirements = tmp_path / "nothing.txt"
    requirements.write_text("# no requirements\n")
    told: list[str] = []
    python = environment(requirements, home=tmp_path / "kept", on_progress=told.append)
    again = environment(requirements, home=tmp_path / "kept", on_progress=told.append)

    assert again == python
    assert len(told) == 1
    assert "installing nothing" in told[0]
    seen = subprocess.run([python, "-E", "-s", "-c", "import msgspec"], capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError" in seen.stderr
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [python.parent.parent.name]


def test_other_pins_make_another_environment(tmp_path: Path) -> None:
    """So nobody measures yesterday's version."""
    requirements = tmp_path / "nothing.txt"
    requirements.write_text("# one\n")
    one = environment(requirements, home=tmp_path)
    requirements.write_text("# other\n")

    assert environment(requirements, home=tmp_path) != one


@pytest.mark.usefixtures("without_network")
@pytest.mark.parametrize("has_uv", [True, False])
def test_without_a_network_it_says_what_is_missing_and_leaves_nothing(
    has_uv: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By uv or by pip: one line that names what could not be had, and no half-made folder."""
    if not has_uv:
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
    requirements = tmp_path / "loop.txt"
    requirements.write_text("aiokafka==0.14.0\n")

    with pytest.raises(MachineError, match=r"Can't install loop: .*aiokafka==0\.14\.0"):
        environment(requirements, home=tmp_path / "kept")
    assert not list((tmp_path / "kept").iterdir())


@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)
def test_every_requirement_is_pinned_and_names_no_registry(rival: Rival) -> None:
    """A figure is about a version."""
    lines = rival.requirements.read_text().splitlines()
    pins = [line.partition(";")[0] for line in lines if not line.startswith("#")]

    assert all(pin.count("==") == 1 for pin in pins)
    assert not any("://" in line for line in lines)
    assert rival.version
