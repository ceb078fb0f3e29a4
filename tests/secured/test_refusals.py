"""What a user is told who lacks a right: the topic and whom to ask, in one line, instead of a wait without end."""

from pathlib import Path

import pytest

from stream.run.plan import environment
from stream.settings import Settings
from tests.commands.shell import Shell

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

NOTIFY = """
[notify.sinks.file]
type = "file"
path = "told.jsonl"
[notify.routes.all]
sinks = ["file"]
"""
LACKS = {
    "alerts": ("score", "read alerts, erasures"),
    "alerts --until-end": ("producer", "read alerts, erasures"),
    "notify --config notify.toml": ("consumer", "read deliveries, erasures, triage or write dead-letters, deliveries"),
    "audit record": ("monitor", "read acts, audit, audit-acts, audit-changes, changes or write audit"),
    "monitor": ("audit", "read labels, scores, transactions or write alerts"),
    "produce cards --count 10": ("consumer", "write t"),
}


@pytest.mark.parametrize("words", LACKS)
def test_who_lacks_a_right_is_told_which_and_ends_with_6(
    words: str, known: dict[str, Settings], tmp_path: Path
) -> None:
    """A reader used to wait for ever for records that nobody would give it."""
    role, what = LACKS[words]
    shell = Shell(tmp_path / "shell", **environment(known[role], known[role].kafka) | {"COLUMNS": "200"})
    (shell.folder / "notify.toml").write_text(NOTIFY)

    ended = shell.run(*words.split())

    assert (ended.returncode, ended.stdout) == (6, "")
    assert f"weir: The user '{role}' may not {what}" in ended.stderr
    assert "`weir access` shows who may do what" in ended.stderr
    assert "Traceback" not in ended.stderr
