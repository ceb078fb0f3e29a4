"""``weir evaluate`` says what it needs before it starts anything."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from stream.commands.evaluate import evaluate
from stream.errors import SettingsError


@pytest.mark.parametrize("words", [[], ["--source", "cards", "--data", __file__]])
def test_a_file_or_a_source_is_asked_for(words: list[str]) -> None:
    """Neither, or both."""
    found = CliRunner().invoke(evaluate, words)

    assert isinstance(found.exception, SettingsError)
    assert "expected a file or a source" in str(found.exception)


def test_help_names_the_protocol_and_shows_a_way_to_begin() -> None:
    """Two examples that can be copied."""
    said = CliRunner().invoke(evaluate, ["--help"]).output

    assert "weir evaluate --data payments.parquet --json figures.json" in said
    assert "verdicts seven days late" in " ".join(said.split())


def test_without_the_extra_one_line_says_how_to_install_it(tmp_path: Path) -> None:
    """No XGBoost in this interpreter."""
    code = (
        "import sys; sys.modules['xgboost'] = None\n"
        "sys.argv = ['weir', 'evaluate', '--source', 'cards']\nfrom stream.cli import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)

    assert done.returncode == 3
    assert done.stderr.strip().splitlines()[-1] == "weir: evaluation needs xgboost. Install it: uv sync --extra train"
