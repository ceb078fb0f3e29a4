"""What the API's own description promises, tried by schemathesis on a console that runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.analyst import Analyst
from tests.stream.console.running import Desk, desk_of
from tests.stream.some_alert import an_alert

pytestmark = pytest.mark.kafka
_ENDLESS = "/v1/alerts/live"  # a stream has no end to wait for


def tried(desk: Desk, folder: Path, *, role: str, seconds: int = 120) -> "subprocess.CompletedProcess[str]":
    """Run every check, on the examples of the description, at its borders, and a few made-up requests of each kind."""
    words = ["run", f"{desk.url}/v1/openapi.json", "--header", f"Authorization: Bearer {desk.tokens[role]}"]
    bounds = ["--phases", "examples,coverage,fuzzing", "--max-examples", "3", "--seed", "1", "--no-color"]
    return subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *words, *bounds, "--exclude-path", _ENDLESS],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        cwd=folder,
    )


def test_the_console_keeps_what_it_promises(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    """No fault of ours, no undocumented status or form, nothing wrong let through, nothing right refused."""
    analyst = Analyst(bootstrap, prefix, tmp_path)
    (tmp_path / "weir.toml").write_text("[console]\nrequests_a_minute = 100000\n")
    analyst.publish(an_alert("69544ae691011b1730006088"))
    with desk_of(analyst) as desk:
        ended = tried(desk, tmp_path, role="admin")

    assert ended.returncode == 0, ended.stdout
