"""``weir notify`` as it is run: a process beside a real Kafka and real receivers."""

import json
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deployment.local.needs import free_port
from stream.wire.events import DeadLetter
from stream.wire.topics import DEAD_LETTERS, DELIVERIES
from stream.wire.triage import Delivery
from tests.commands.analyst import Analyst, wait_until
from tests.commands.shell import Running, Shell
from tests.stream.notify.receivers import Web, web_server
from tests.stream.some_alert import an_alert

pytestmark = pytest.mark.kafka

ROUTES = """
[notify]
tries = 4
retry_seconds = 0.1
longest_retry_seconds = 0.4

[notify.sinks.desk]
type = "webhook"
url = "{desk}"

[notify.sinks.archive]
type = "webhook"
url = "{archive}"

[notify.routes.all]
sinks = ["desk", "archive"]
group_by = ["alert"]
"""


def now_alert(name: str, **changes: Any) -> Any:
    """Make an alert that is emitted now."""
    return an_alert(name, emitted_at=round(1000 * time.time()), **changes)


def told(web: Web) -> list[str]:
    """Ids of the alerts that a receiver took, in order."""
    return [alert["id"] for notice in web.taken for alert in notice["alerts"]]


def wait_ready(running: Running) -> str:
    """Wait until every sink's reader has its place; returns the address of the metrics."""
    running.wait_for(lambda: "metrics at " in running.out)
    address = running.out.partition("metrics at ")[2].removesuffix("/metrics\n")

    def is_ready() -> bool:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):
                return True
        except OSError:
            return False

    running.wait_for(is_ready)
    return address


def test_a_sink_that_is_down_loses_nothing_and_keeps_no_other_waiting(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """The archive is down; the desk gets its alerts; the process is killed; another goes on; the archive comes back.

    Each then has had every alert, those after the first start alone, and the desk each once, though it was killed.
    """
    analyst = Analyst(bootstrap, prefix, tmp_path)
    analyst.publish(now_alert("a0"))  # before the first start: history
    port = free_port(0)
    with web_server() as desk:
        text = ROUTES.format(desk=desk.url, archive=f"http://127.0.0.1:{port}/hook").replace(
            "tries = 4", "tries = 9999"
        )
        (tmp_path / "weir.toml").write_text(text)
        with analyst.shell.start("notify") as first:
            wait_ready(first)
            analyst.publish(*(now_alert(f"a{number}") for number in range(1, 6)))
            desk.wait_for(5)
            wait_until(lambda: len(analyst.read(DELIVERIES.name)) >= 5, "the desk's deliveries are written down")
            first.kill()
        analyst.publish(now_alert("a6"))
        with analyst.shell.start("notify") as second, web_server(port) as archive:
            archive.wait_for(6)
            desk.wait_for(6)
            wait_until(lambda: len(analyst.read(DELIVERIES.name)) == 12, "all deliveries are written down")
            assert second.ctrl_c() == 0
    deliveries = [msgspec.json.decode(value, type=Delivery) for value in analyst.read(DELIVERIES.name)]

    assert told(desk) == [f"a{number}" for number in range(1, 7)]
    assert told(archive) == [f"a{number}" for number in range(1, 7)]
    assert Counter((one.sink, one.outcome) for one in deliveries) == {("desk", "told"): 6, ("archive", "told"): 6}
    assert analyst.read(DEAD_LETTERS.name) == []


def test_what_a_sink_does_not_take_is_a_dead_letter_and_is_shown(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    """The archive says 503 to the first, four times, and 422 to the second; the third it takes.

    A stranger's bytes between them are a dead letter too, and hinder nobody.
    """
    analyst = Analyst(bootstrap, prefix, tmp_path)
    with web_server() as desk, web_server() as archive:
        archive.statuses = [503, 503, 503, 503, 422]
        (tmp_path / "weir.toml").write_text(ROUTES.format(desk=desk.url, archive=archive.url))
        with analyst.shell.start("notify") as running:
            address = wait_ready(running)
            analyst.publish(now_alert("a1"), b"no alert", now_alert("a2"), now_alert("a3"))
            archive.wait_for(1)
            desk.wait_for(3)
            wait_until(lambda: len(analyst.read(DELIVERIES.name)) == 6, "deliveries are written down")
            with urllib.request.urlopen(f"{address}/metrics", timeout=5) as answer:
                metrics = answer.read().decode()
            assert running.ctrl_c() == 0
    letters = {
        (one := msgspec.json.decode(value, type=DeadLetter)).id: one for value in analyst.read(DEAD_LETTERS.name)
    }
    shown = analyst.says("alerts", "--held", "--since", "1h")
    with web_server() as mended:
        (tmp_path / "weir.toml").write_text(ROUTES.format(desk=desk.url, archive=mended.url))
        again = [analyst.says("notify", "--again", "archive") for _ in range(2)]

    assert again == ["archive took 2 alerts\n", "archive took 0 alerts\n"]
    assert told(mended) == ["a1", "a2"]
    assert analyst.says("alerts", "--held", "--since", "1h") == ""
    assert told(archive) == ["a3"]
    assert letters["a1-archive"].detail == "sink archive, 4 tries: HTTP 503: status 503"
    assert letters["a2-archive"].detail == "sink archive, 1 tries: HTTP 422: status 422"
    assert [letters[f"a{n}-archive"].source.offset for n in (1, 2)] == [0, 2]
    assert {letter.reason for letter in letters.values()} == {"undelivered"}
    assert letters.keys() - {"a1-archive", "a2-archive"} == {"alerts-0-1-archive", "alerts-0-1-desk"}
    assert 'weir_notify_undelivered_alerts_total{sink="archive"} 2.0' in metrics
    assert 'weir_notify_told_alerts_total{sink="desk"} 3.0' in metrics
    assert 'weir_notify_failures_total{sink="archive"} 5.0' in metrics
    assert "not taken after 4 tries at archive" in shown
    assert "HTTP 422: status 422" in shown


def test_two_processes_tell_each_alert_once_and_the_second_takes_over(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """One tells, the other stands by with nothing to do; when the first ends, the second goes on."""
    analyst = Analyst(bootstrap, prefix, tmp_path)
    with web_server() as desk, web_server() as archive:
        (tmp_path / "weir.toml").write_text(ROUTES.format(desk=desk.url, archive=archive.url))
        (tmp_path / "other").mkdir()
        other = Analyst(bootstrap, prefix, tmp_path / "other")
        (tmp_path / "other" / "weir.toml").write_text((tmp_path / "weir.toml").read_text())
        with analyst.shell.start("notify") as first, other.shell.start("notify") as second:
            wait_ready(first)
            wait_ready(second)
            analyst.publish(*(now_alert(f"a{number}") for number in range(1, 4)))
            desk.wait_for(3)
            archive.wait_for(3)
            assert first.ctrl_c() == 0
            analyst.publish(now_alert("a4"))
            desk.wait_for(4)
            archive.wait_for(4)
            assert second.ctrl_c() == 0

    assert Counter(told(desk)) == Counter(told(archive)) == dict.fromkeys(("a1", "a2", "a3", "a4"), 1)


def test_routes_and_sinks_are_shown_and_tried_without_kafka(tmp_path: Path) -> None:
    """``--check`` for the eye, ``--try`` for the receiver, ``--sinks`` for what there is."""
    shell = Shell(tmp_path)
    with web_server() as desk:
        (tmp_path / "weir.toml").write_text(ROUTES.format(desk=desk.url, archive="http://127.0.0.1:9/"))
        checked = shell.run("notify", "--check")
        tried = shell.run("notify", "--try", "desk")
        refused = shell.run("notify", "--try", "archive")
    listed = shell.run("notify", "--sinks")

    assert checked.stdout.splitlines()[1].split(maxsplit=2)[:2] == ["all", "all"]
    assert (tried.returncode, tried.stdout) == (0, "desk took it\n")
    assert json.loads(desk.got[0][3])["alerts"][0]["kind"] == "rehearsal"
    assert refused.returncode == 1
    assert refused.stderr.startswith("weir: archive did not take it: no answer: ")
    assert [line.split()[0] for line in listed.stdout.splitlines()[1:] if not line.startswith(" ")] == [
        *("alertmanager", "file", "mail", "slack", "webhook")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "notify.routes: expected at least one route"),
        (
            '[notify.routes.a]\nsinks = ["x"]',
            "notify.routes.a.sinks: expected names under [notify.sinks] (none yet), was",
        ),
        (
            '[notify.sinks.x]\n[notify.routes.a]\nsinks = ["x"]',
            "[notify.sinks.x]: type: expected one of alertmanager, ",
        ),
        ('[notify.routes.a]\nsinks = ["x"]\nkind = "fraud"', "notify.routes.a.kind: expected one of sinks, kinds, "),
        (
            '[notify.routes.a]\nsinks = ["x"]\nseverity = "huge"',
            "severity: expected one of low, medium, high, critical",
        ),
    ],
)
def test_settings_that_can_not_be_used_are_named_at_the_start(text: str, expected: str, tmp_path: Path) -> None:
    """One line, exit code 2, before anything is read."""
    (tmp_path / "weir.toml").write_text(text)
    ended = Shell(tmp_path).run("notify", "--check")

    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert expected in ended.stderr
