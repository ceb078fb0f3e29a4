"""Recorded files through ``weir run``, then what may be asked of its alerts: ``replay``, ``alerts``, ``explain``."""

import json
import re
import uuid
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from tests.commands.recordings import PAYMENTS, QUOTES, SPEED, TRADES, write_payments, write_ticks
from tests.commands.shell import Shell

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

FILES = ("--transactions", "payments.parquet", "--ticks", "ticks")


class Live(NamedTuple):
    """A run that is over: where its topics are, its summary and its alerts."""

    shell: Shell
    out: str
    summary: dict[str, Any]
    alerts: list[dict[str, Any]]


@pytest.fixture(scope="module")
def live(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Live:
    """Two weeks of payments and a morning of ticks, run through Kafka."""
    folder = tmp_path_factory.mktemp("recorded")
    write_payments(folder / "payments.parquet")
    write_ticks(folder / "ticks")
    prefix = f"t{uuid.uuid4().hex[:10]}-"
    shell = Shell(folder, WEIR_BOOTSTRAP=bootstrap, WEIR_KAFKA_PREFIX=prefix, WEIR_KAFKA_GROUP=f"{prefix}group")
    ended = shell.run("run", *FILES, "--speed", str(SPEED), "--json", "live.json")
    assert (ended.returncode, ended.stderr) == (0, "")
    told = shell.run("alerts", "--until-end", "--json")
    alerts = [json.loads(line) for line in told.stdout.splitlines()]
    return Live(shell, ended.stdout, json.loads((folder / "live.json").read_text()), alerts)


def timeless(alert: dict[str, Any]) -> dict[str, Any]:
    """An alert less the clocks."""
    return {name: value for name, value in alert.items() if name not in {"detected_at", "emitted_at", "produced_at"}}


def one_of(alerts: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The last alert of a kind: the one with the longest history."""
    return [alert for alert in alerts if alert["kind"] == kind][-1]


def test_a_run_on_files_ends_with_them_and_scores_every_row(live: Live) -> None:
    """No --for and no Ctrl-C: when the last verdict is out and all is scored, the summary is printed."""
    summary = live.summary

    assert summary["events_in"] == summary["scored"] == PAYMENTS + TRADES + QUOTES
    assert (summary["dead_letters"], summary["duplicates"]) == (0, 0)
    assert summary["labels"] == {"in": PAYMENTS, "dead_letters": 0}
    assert summary["alerts"]["fraud"] >= 5
    assert summary["alerts"]["market"] >= 1
    assert summary["recall"] == 1.0
    assert sum(summary["alerts"].values()) == len(live.alerts)
    assert live.shell.left() == []


def test_replay_tells_the_same_alerts_with_the_same_scores(live: Live) -> None:
    """The same files without a broker: every alert is that of the run, field by field but the clocks."""
    ended = live.shell.run("replay", *FILES, "--json", "replay.json", "--alerts", "replay.jsonl")
    summary = json.loads((live.shell.folder / "replay.json").read_text())
    told = [json.loads(line) for line in (live.shell.folder / "replay.jsonl").read_text().splitlines()]
    measured = {"events_per_second", "latency_ms", "seconds"}

    assert ended.returncode == 0
    assert set(summary) == set(live.summary)
    assert {key: summary[key] for key in set(summary) - measured} == {
        key: live.summary[key] for key in set(summary) - measured
    }
    assert {alert["id"]: timeless(alert) for alert in told} == {alert["id"]: timeless(alert) for alert in live.alerts}


def _told(alert: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(alert["at"] // 1000, UTC)
    entity = f"{alert['entity']['kind']} {alert['entity']['id']}"
    return f"{alert['severity']:<8} {at:%Y-%m-%d %H:%M:%S}  {alert['kind']} {entity}  {alert['sentence']}"


def test_alerts_are_told_in_lines_with_their_reasons(live: Live) -> None:
    """A line names severity, time, kind and entity and says why; below it stand its id and shares of the score."""
    lines = live.shell.run("alerts", "--until-end").stdout.splitlines()
    heads = [line for line in lines if not line.startswith(" ")]
    reasons = [line for line in lines if line.startswith(" ")]

    assert sorted(heads) == sorted(map(_told, live.alerts))  # partitions come in any order
    shares = [line for line in reasons if re.match(r" {9} {0,3}\d+%  \S", line)]
    names = [line.split()[0] for line in reasons if line not in shares]
    assert sorted(names) == sorted(alert["id"] for alert in live.alerts)
    assert len(shares) >= len(heads)


def test_alerts_can_be_filtered(live: Live) -> None:
    """By kind, and by the least severity; what there is none of is nothing, not an error."""
    kinds = live.shell.run("alerts", "--until-end", "--json", "--kind", "market")
    severe = live.shell.run("alerts", "--until-end", "--json", "--severity", "critical")
    none = live.shell.run("alerts", "--until-end", "--json", "--kind", "credit")

    assert [json.loads(line) for line in kinds.stdout.splitlines()] == [
        alert for alert in live.alerts if alert["kind"] == "market"
    ]
    assert [json.loads(line) for line in severe.stdout.splitlines()] == [
        alert for alert in live.alerts if alert["severity"] == "critical"
    ]
    assert (none.returncode, none.stdout, none.stderr) == (0, "", "")


def test_the_tail_of_alerts_ends_at_ctrl_c(live: Live) -> None:
    """Without --until-end it waits for more, until it is stopped."""
    with live.shell.start("alerts", "--from-beginning", "--json") as tail:
        tail.wait_for(lambda: tail.out.count("\n") == len(live.alerts))
        code = tail.ctrl_c()

    assert (code, tail.err.strip()) == (130, "")


def test_explain_judges_a_payment_again(live: Live) -> None:
    """By the beginning of its id: the same score, the features that made it, and the payments before it."""
    alert = one_of(live.alerts, "fraud")
    ended = live.shell.run("explain", alert["id"][:10])

    assert (ended.returncode, ended.stderr) == (0, "")
    assert alert["id"] in ended.stdout
    assert "(the same as told)" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert "…" not in ended.stdout, "something was cut off"
    shares = re.findall(r"^ (\w+) +\S+ +\S+ +(-?[\d.]+)%", ended.stdout, re.MULTILINE)
    assert shares[0][0] == alert["reasons"][0]["feature"]
    assert sum(float(share) for _, share in shares) == pytest.approx(100.0, abs=0.05 * len(shares))
    customer = alert["evidence"]["customer"]
    earlier = int(alert["evidence"]["transaction"].lstrip("t")) // 7  # one payment in seven is this customer's
    assert f"the customer's last payments before ({earlier} in all)" in ended.stdout
    assert len(re.findall(rf"^  \d{{4}}.* {customer} ", ended.stdout, re.MULTILINE)) >= 10


def test_a_replayed_alert_has_the_same_bits_and_its_evidence_is_a_folder(live: Live) -> None:
    """--replay says so by exit code 0; --evidence writes report, data and table, --plot a page, of the same alert."""
    alert = one_of(live.alerts, "fraud")
    again = live.shell.run("explain", alert["id"], "--replay")
    ended = live.shell.run("explain", alert["id"], "--evidence", "case", "--plot", "bars.html")
    source = alert["source"]

    place = f"{source['topic']}/{source['partition']} offset {source['offset']}"
    same = f"alert {alert['id']} judged again from {place}: the same in every bit\n"
    assert (again.returncode, again.stdout, again.stderr) == (0, same, "")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {path.name for path in (live.shell.folder / "case").iterdir()} == {
        "report.md",
        "report.html",
        "report.json",
        "transactions.csv",
    }
    report = json.loads((live.shell.folder / "case" / "report.json").read_text())
    assert report["alert"]["id"] == alert["id"]
    assert report["differences"] == []
    assert len(report["digest"]) == 64
    assert alert["reasons"][0]["feature"] in (live.shell.folder / "bars.html").read_text()


def test_explain_shows_the_figures_before_a_market_alert(live: Live) -> None:
    """The last risk snapshots of the symbol stand side by side."""
    ended = live.shell.run("explain", one_of(live.alerts, "market")["id"])

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "ACME" in ended.stdout
    assert re.search(r"^ value_at_risk_99 .*\d", ended.stdout, re.MULTILINE)
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert "…" not in ended.stdout, "something was cut off"


def test_an_alert_that_is_not_there_is_one_line(live: Live) -> None:
    """It says which, and how to find those that are."""
    ended = live.shell.run("explain", "0000000000")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert "no alert 0000000000" in ended.stderr
