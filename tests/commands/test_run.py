"""``weir run`` from nothing to its summary, by itself and by Ctrl-C, and what it leaves behind."""

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.commands.shell import Shell

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

KEYS = {
    "events_in",
    "scored",
    "dead_letters",
    "duplicates",
    "alerts",
    "events_per_second",
    "latency_ms",
    "precision",
    "recall",
    "held_back",
    "seconds",
    "dead_letter_reasons",
    "labels",
}
ALERT = re.compile(
    r"(low|medium|high|critical) +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  (fraud|market|liquidity|feed) "
    r"(customer|terminal|symbol) \S+  .*\S\."
)


def assert_complete(summary: dict[str, Any]) -> None:
    """All keys, every record accounted for, and something happened."""
    assert set(summary) == KEYS
    assert summary["events_in"] == summary["scored"] + summary["dead_letters"] + summary["duplicates"]
    assert summary["events_in"] > 0
    assert summary["events_per_second"] > 0


def assert_nothing_left(shell: Shell) -> None:
    """No process and no temporary file."""
    assert shell.left() == []
    assert list(shell.temporary.iterdir()) == []


def test_one_command_brings_kafka_and_shows_alerts_with_their_reasons(bootstrap: str, tmp_path: Path) -> None:
    """Eight seconds of simulated cards and ticks on a Kafka of its own; then all is gone but the summary."""
    del bootstrap  # where none can be had, this test is skipped as the others are
    if "WEIR_BOOTSTRAP" in os.environ:
        pytest.skip("a Kafka is named, so it may be that none can be started here")
    shell = Shell(tmp_path)

    ended = shell.run("run", "--for", "8s", "--history", "30000", "--rate", "500", "--json", "summary.json")

    assert (ended.returncode, ended.stderr) == (0, "")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert_complete(summary)
    assert summary["alerts"]["fraud"] > 0
    assert 0 < summary["latency_ms"]["p50"] <= summary["latency_ms"]["p99"] <= summary["latency_ms"]["p999"]
    assert 0 < summary["precision"] <= 1
    assert 0 < summary["recall"] <= 1
    lines = [text for text in ended.stdout.splitlines() if re.match("low|medium|high|critical", text)]
    assert lines
    assert [text for text in lines if not ALERT.fullmatch(text)] == []
    assert_nothing_left(shell)


def test_ctrl_c_in_mid_stream_finishes_what_was_produced(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    """Ctrl-C reaches the whole group, as at a terminal: every record is still scored, and the summary is printed."""
    shell = Shell(tmp_path, WEIR_BOOTSTRAP=bootstrap, WEIR_KAFKA_PREFIX=prefix, WEIR_KAFKA_GROUP=f"{prefix}group")

    with shell.start("run", "--history", "0", "--rate", "400", "--json", "summary.json") as weir:
        weir.wait_for(lambda: re.search(r"^ +\d+ s  [1-9][\d,]* events in", weir.out, re.MULTILINE))
        code = weir.ctrl_c()

    assert (code, weir.err) == (0, "")
    assert re.search(r"^ events in +[\d,]+ ", weir.out, re.MULTILINE)
    assert_complete(json.loads((tmp_path / "summary.json").read_text()))
    assert f"WEIR_KAFKA_PREFIX={prefix} weir alerts --bootstrap {bootstrap}\n" in weir.out
    assert_nothing_left(shell)


def test_ctrl_c_while_it_starts_leaves_nothing_behind(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    """Who changes their mind need not wait until the worker is ready."""
    shell = Shell(tmp_path, WEIR_BOOTSTRAP=bootstrap, WEIR_KAFKA_PREFIX=prefix, WEIR_KAFKA_GROUP=f"{prefix}group")

    with shell.start("run", "--history", "1000") as weir:
        weir.wait_for(lambda: "as history" in weir.out)
        code = weir.ctrl_c()

    assert (code, weir.err.strip()) == (130, "")
    assert "ready" not in weir.out
    assert_nothing_left(shell)


def test_a_killed_run_takes_its_processes_with_it(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    """``kill -9`` leaves no time to tidy up: worker and producers end because their guards see it go."""
    shell = Shell(tmp_path, WEIR_BOOTSTRAP=bootstrap, WEIR_KAFKA_PREFIX=prefix, WEIR_KAFKA_GROUP=f"{prefix}group")

    with shell.start("run", "--history", "0") as weir:
        weir.wait_for(lambda: "ready after" in weir.out)
        before = len(shell.left())
        weir.process.kill()
        weir.process.wait()
        deadline = time.monotonic() + 30.0
        while shell.left() and time.monotonic() < deadline:
            time.sleep(0.1)

    assert before > 1
    assert shell.left() == []
