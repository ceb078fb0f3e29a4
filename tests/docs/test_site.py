"""The site: it builds strictly, so every link and anchor leads somewhere, and every command on its pages is one."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from deployment.docs.reference import commands_page, settings_page
from producers.plugins import installed, open_any
from stream.cli import weir
from stream.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
_OTHERS = {"tutorial-producer.md", "metrics.md"}  # followed by a test of its own; holds no command


def commands(page: Path) -> list[str]:
    """Lines of a page's blocks of commands that begin with ``weir``, without remarks and words for "anything"."""
    text = page.read_text()
    blocks = re.findall(r"^```(?:sh|bash|)\n(.*?)^```$|((?:^ {4}\S.*\n)+)", text, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for part in block for line in part.splitlines()]
    found = [re.sub(r"^(uv run )?", "", line) for line in lines]
    return [re.split(r"\s{2,}#|\s#\s|\s[|>&]", line)[0] for line in found if re.match(r"weir [a-z]", line)]


LINES = [(page, line) for page in PAGES if page.name not in _OTHERS for line in commands(page)]
QUICK = sorted(
    {line for _, line in LINES if re.match(r"weir (sources|topics --list|rules (features|list|test) ?)", line)}
)


@pytest.mark.slow
def test_the_site_builds_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    """Strictly: a page that is not in the navigation, a link or an anchor that is none, ends the build."""
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert built.returncode == 0, built.stdout + built.stderr
    for name in ("index.html", "reference/settings.html", "schemas/alert/1.json", "source/CHANGELOG.md.txt"):
        assert (tmp_path / "site" / name).stat().st_size > 500


@pytest.mark.parametrize(("page", "line"), LINES, ids=[f"{page.stem}: {line}" for page, line in LINES])
def test_every_command_on_a_page_is_one(page: Path, line: str) -> None:
    """Its words are read as the command reads them; files that it names need not be here."""
    words = shlex.split(line)[1:]
    command: click.Command = weir
    context = click.Context(weir, info_name="weir")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words.pop(0))
        assert found is not None, f"{page.name}: {line}"
        command = found
    if words[-1:] in (["--help"], ["-h"]):
        return
    missing = []
    try:
        command.make_context(command.name, list(words))
    except click.BadParameter as error:
        missing.append(error.message)

    assert [said for said in missing if "does not exist" not in said and "no folder" not in said] == []


@pytest.mark.parametrize("line", QUICK)
def test_every_quick_command_on_a_page_does_what_it_says(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that need no Kafka and no file of the reader's: they end well, and say something."""
    monkeypatch.chdir(ROOT)
    done = CliRunner(env={"WEIR_BOOTSTRAP": None}).invoke(weir, shlex.split(line)[1:])

    assert (done.exit_code, done.exception) == (0, None)
    assert done.output


def test_the_settings_on_the_page_of_sources_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each example opens its source, with the secrets that it names and the folder it reads."""
    text = (ROOT / "docs" / "sources.md").read_text()
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("HOOK_SECRET", "OUTBOX_DSN", "CARD_KEY"):
        monkeypatch.setenv(name, "0123456789abcdef0123456789abcdef")
    examples = [tomllib.loads(block) for block in re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]
    sections = [item for example in examples for item in example["producers"].items()]
    opened = [open_any(name, seed=0, config=config) for name, config in sections]

    assert len(opened) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_the_reference_has_every_command_and_every_setting() -> None:
    """As the code has them."""
    page, settings = commands_page(), settings_page()

    for name in weir.list_commands(click.Context(weir)):
        assert f"## weir {name}\n" in page
    for section in ("kafka", "payments", "market", "alerts", "worker", "notify"):
        for field in getattr(Settings(), section).__struct_fields__:
            assert f"| `{field}` |" in settings
    assert all(f"## [producers.{plugin.name}]\n" in settings for plugin in installed() if plugin.package == "weir")
    assert "| `max_skew_seconds` | `30` | of event times from record timestamps" in settings
