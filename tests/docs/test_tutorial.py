"""The page docs/tutorial-producer.md, followed to the letter: every file written, every command run, in its order."""

import os
import re
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path
from typing import NamedTuple

import pytest

from stream.agents.topics import create_topics
from stream.settings import Kafka, Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial-producer.md").read_text()


class Block(NamedTuple):
    """One fenced block of the page: a file to write, where it has a title, else commands or what they print."""

    language: str
    mark: str
    title: str
    text: str


BLOCKS = [
    Block(language, mark.strip(), title, text)
    for language, mark, title, text in re.findall(
        r'^```(\w*)( fails| kafka|)(?: title="([^"]+)")?\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL
    )
]


@pytest.fixture
def shell(tmp_path: Path) -> "Reader":
    """Whoever follows the page: a folder, and an environment of Python that has what ours has."""
    return Reader(tmp_path)


class Reader:
    """Runs the page's commands in a folder of its own; what they install goes into an environment of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.folder.mkdir()
        own = folder / "environment"
        venv.create(own, symlinks=True)
        site = Path(sysconfig.get_path("purelib", vars={"base": str(own)}))
        site.joinpath("ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
        uv = os.environ.get("UV") or shutil.which("uv")
        assert uv is not None, "the page's commands need uv: run the tests by `make test`"
        clean = {key: text for key, text in os.environ.items() if not key.startswith("WEIR_")}
        for name in ("pytest", "weir"):
            script = own / "bin" / name
            module = "stream" if name == "weir" else name
            script.write_text(f'#!/bin/sh\nexec "{own}/bin/python" -m {module} "$@"\n')
            script.chmod(0o755)
        self.environment = clean | {
            "PATH": f"{Path(uv).parent}{os.pathsep}{os.environ['PATH']}",
            "VIRTUAL_ENV": str(own),  # where `uv pip install` installs,
            "UV_PROJECT": str(ROOT),  # and where `uv run` looks
            "UV_PROJECT_ENVIRONMENT": str(own),
            "UV_NO_SYNC": "1",
            "UV_OFFLINE": "1",
            "UV_NO_BUILD_ISOLATION": "1",
            "COLUMNS": "200",
        }

    def run(self, commands: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Type commands, one after the other, until one fails."""
        return subprocess.run(
            ["bash", "-e", "-c", commands],
            cwd=self.folder,
            env=self.environment | settings,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )


@pytest.mark.kafka
@pytest.mark.slow
def test_the_page_can_be_followed_to_the_letter(shell: Reader, bootstrap: str, prefix: str) -> None:
    """Nothing is added but the address of Kafka, which the page's reader has from `make run`."""
    create_topics(bootstrap, Settings(kafka=Kafka(bootstrap=bootstrap, prefix=prefix)), stages=())
    told = []
    for block in BLOCKS:
        if block.title:
            shell.folder.joinpath(block.title).write_text(block.text)
        elif block.language == "sh":
            settings = {"WEIR_BOOTSTRAP": bootstrap, "WEIR_KAFKA_PREFIX": prefix} if block.mark == "kafka" else {}
            done = shell.run(block.text, **settings)
            assert (done.returncode != 0) == (block.mark == "fails"), done.stdout + done.stderr
            told.append(done.stdout + done.stderr)
        else:
            assert block.text in told[-1]
    said = "\n".join(told)

    assert re.search(r"^tills +weir-tills +Payments at the tills of a shop\.", said, re.MULTILINE)
    assert "1 rows that are no event: a line that is no sale" in said
    assert "900.00 EUR" in shell.folder.joinpath("alerts.jsonl").read_text()
    assert re.search(r"^sent 2,000 records in .* transactions 2,000$", said, re.MULTILINE)


def test_every_command_of_the_page_stands_in_a_block_that_is_run() -> None:
    """But those of the other terminals: the quick start, and a look at alerts, which have tests of their own."""
    elsewhere = set(re.findall(r"`((?:uv run|make) [^`]+)`", PAGE))

    assert elsewhere == {"make run", "uv run weir alerts --entity customer:guest-7"}
