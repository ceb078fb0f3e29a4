"""What the API's own description promises, tried by schemathesis on a console that runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.analyst import Analyst
from tests.stream.console.running import Desk, desk_of
from tests.stream.some_alert import an_alert

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
_ENDLESS = "/v1/alerts/live"  # a stream has no end to wait for


def tried(desk: Desk, folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    """Run every check as an admin, on the examples of the description and at the borders of every field."""
    words = ["run", f"{desk.url}/v1/openapi.json", "--header", f"Authorization: Bearer {desk.tokens['admin']}"]
    bounds = ["--phases", "examples,coverage", "--max-examples", "2", "--seed", "1", "--no-color"]
    return subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *words, *bounds, "--exclude-path", _ENDLESS, *more],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        cwd=folder,
    )


def test_the_console_keeps_what_it_promises(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    """No fault of ours, no undocumented status or form, nothing wrong let through, nothing right refused."""
    analyst = Analyst(bootstrap, prefix, tmp_path)
    (tmp_path / "weir.toml").write_text("[console]\nrequests_a_minute = 100000\n")
    analyst.publish(an_alert("69544ae691011b1730006088"))
    with desk_of(analyst) as desk:
        ended = tried(desk, tmp_path)

    assert ended.returncode == 0, ended.stdout


def test_the_till_keeps_what_it_promises(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    """Likewise; what of a well-formed payment is refused depends on the settings and the hour, so that is not asked."""
    analyst = Analyst(bootstrap, prefix, tmp_path)
    (tmp_path / "weir.toml").write_text('[alerts]\ndetectors = ["robust"]\n')
    with desk_of(analyst, "score") as desk:
        ended = tried(desk, tmp_path, "--exclude-checks", "positive_data_acceptance")

    assert ended.returncode == 0, ended.stdout
