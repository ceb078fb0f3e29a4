"""``weir new-producer`` refuses what can't become a package, and writes nothing over.

That what it makes installs, is listed and passes is held by ``tests/docs/test_tutorial.py``.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from producers.new_producer import make_package, new_producer
from stream.errors import SettingsError


def test_it_says_what_it_wrote_and_what_to_do_next(tmp_path: Path) -> None:
    """Names with hyphens become a module with underscores and a class in capitals."""
    result = CliRunner().invoke(new_producer, ["corner-shop", "--in", str(tmp_path)])

    assert result.exit_code == 0
    assert "uv pip install --editable" in result.output
    source = (tmp_path / "corner-shop" / "weir_corner_shop" / "source.py").read_text()
    assert "class CornerShop:" in source
    assert 'corner-shop = "weir_corner_shop.source:CornerShop"' in (tmp_path / "corner-shop/pyproject.toml").read_text()


def test_a_live_one_keeps_its_contract_at_once(tmp_path: Path) -> None:
    """Its own test, as its package's suite would run it."""
    make_package("till-roll", tmp_path, is_live=True)
    package = tmp_path / "till-roll"
    path = os.pathsep.join((str(package), str(Path(__file__).parents[2])))
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=package,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "1 passed" in tested.stdout


@pytest.mark.parametrize("name", ["Tills", "1tills", "my_tills", "../tills", "tills-", ""])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    """It becomes a folder, a module, an entry point and a section of the settings."""
    with pytest.raises(SettingsError, match="lower-case words"):
        make_package(name, tmp_path)


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    """Two producers of one name would hide one another."""
    with pytest.raises(SettingsError, match="no installed producer has"):
        make_package("cards", tmp_path)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """The second time there is a folder."""
    make_package("tills", tmp_path)
    with pytest.raises(SettingsError, match="nothing is written over"):
        make_package("tills", tmp_path)
