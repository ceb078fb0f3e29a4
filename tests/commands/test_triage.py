"""``weir alerts`` and ``weir triage`` as an analyst uses them, on a real Kafka."""

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream.wire.events import Alert, Label, Scores, Transaction
from stream.wire.topics import LABELS, SCORES, TRANSACTIONS
from tests.commands.analyst import Analyst, wait_until
from tests.stream.notify.receivers import web_server
from tests.stream.some_alert import NOON, an_alert

pytestmark = pytest.mark.kafka
HOUR = 3_600_000


def ids(printed: str) -> list[str]:
    """Ids of alerts printed as JSON."""
    return [json.loads(line)["id"] for line in printed.splitlines()]


@pytest.fixture
def analyst(bootstrap: str, prefix: str, tmp_path: Path) -> Analyst:
    """An analyst's shell on topics with four alerts: of an hour ago, and of now."""
    now = round(1000 * time.time())
    desk = Analyst(bootstrap, prefix, tmp_path)
    desk.publish(
        an_alert("f0", emitted_at=now - 2 * HOUR, severity="low", score=3.3),
        an_alert("f1", emitted_at=now - 2 * HOUR + 1, entity="terminal:m7"),
        an_alert("m1", emitted_at=now, kind="market", entity="symbol:ACME", sentence="ACME lost 4 %.", evidence={}),
        an_alert("f2", emitted_at=now, severity="critical", score=40.0),
    )
    return desk


def test_alerts_are_found_by_what_they_are(analyst: Analyst) -> None:
    """Each filter is held by test_wanted.py; here that the options reach it. Oldest first, stopping at the end."""
    of_fraud = ("--kind", "fraud", "--severity", "high", "--entity", "customer:c4*", "--entity", "terminal:m7")

    assert ids(analyst.says("alerts", "--json", "--until-end", *of_fraud, "--score", "3.5")) == ["f1", "f2"]
    assert ids(analyst.says("alerts", "--json", "--last", "2", "--until", "1h", "--text", "c42")) == ["f0", "f1"]
    assert ids(analyst.says("alerts", "--json", "--since", "1h", "--detector", "robust", "--kind", "market")) == ["m1"]


def test_an_alert_reads_as_an_analyst_wants_it(analyst: Analyst) -> None:
    """The latest one: severity, event time, whom, why; its share; its id, score and probability."""
    lines = analyst.says("alerts", "--until-end", "--kind", "fraud", "--severity", "critical").splitlines()

    assert lines[0].startswith(
        "critical 2025-10-09 11:59:59  fraud customer c42  644.28 EUR by customer c42 at terminal"
    )
    assert lines[1].split(maxsplit=1) == ["15%", "the amount is 5.4 times the customer's own mean of 30 days"]
    assert lines[2].strip() == "f2  robust 40, 13.3 × its threshold, probability 61%"


def test_following_goes_on_after_what_there_was(analyst: Analyst) -> None:
    """``--last 1 --follow``: the latest, then what comes."""
    with analyst.shell.start("alerts", "--json", "--last", "1", "--follow", "--kind", "fraud") as running:
        running.wait_for(lambda: ids(running.out) == ["f2"])
        analyst.publish(an_alert("f3"), an_alert("m2", kind="market"), an_alert("f4"))
        running.wait_for(lambda: ids(running.out) == ["f2", "f3", "f4"])


def test_what_one_analyst_says_every_process_knows(analyst: Analyst) -> None:
    """Ann takes one in hand and snoozes the market; Bob sees both, and judges; then nothing of it is open any more."""
    analyst.says("triage", "ack", "f1", "f2", "--owner", "ann", "--note", "called the shop")
    snoozed = analyst.says("triage", "snooze", "--kind", "market", "--for", "2h", "--owner", "ann", "--why", "auction")
    analyst.says("triage", "verdict", "f2", "genuine", "--owner", "bob")
    analyst.publish(an_alert("m3", kind="market", emitted_at=round(1000 * time.time())))
    shown = analyst.says("alerts", "--until-end")

    assert ids(analyst.says("alerts", "--until-end", "--open", "--json")) == ["f0", "m1"]
    assert "ann looks into it: called the shop" in shown
    assert "bob says it was a false alarm" in shown
    assert "snoozed by ann until" in shown
    analyst.says("triage", "wake", snoozed[:4], "--owner", "bob")
    listed = analyst.says("triage", "list")
    assert listed.splitlines() == ["no snooze is in force", "2 alerts acknowledged, 1 judged, 0 of them right"]


def test_a_verdict_labels_the_payment_in_the_time_of_the_stream(analyst: Analyst) -> None:
    """Payments of October 2025 flow, long behind the clock: the label has the time of the newest of them."""
    payments = [
        Transaction(id=f"t{i}", at=NOON + i * HOUR, customer="c1", terminal="m1", amount=100) for i in range(30)
    ]
    analyst.put(TRANSACTIONS.name, *payments, b"garbage")
    said = analyst.says("triage", "verdict", "f1", "fraud", "--owner", "ann")
    analyst.says("triage", "verdict", "m1", "right", "--owner", "ann")
    (value,) = analyst.read(LABELS.name)

    assert said == "f1: fraud, says ann; payment t-f1 is labelled so\n"
    assert msgspec.json.decode(value, type=Label) == Label(
        transaction="t-f1", at=NOON + 29 * HOUR, customer="c42", terminal="m7", fraud=True
    )


def test_what_is_held_is_shown_with_its_reason(analyst: Analyst) -> None:
    """One in a cooldown, one snoozed, one over the budget at a sink, and a payment that the worker's cooldown held."""
    analyst.says(
        "triage", "snooze", "--entity", "customer:c9", "--for", "1h", "--owner", "ann", "--why", "our own test"
    )
    with web_server() as web:
        (analyst.shell.folder / "weir.toml").write_text(
            f'[notify.sinks.desk]\ntype = "webhook"\nurl = "{web.url}"\n'
            '[notify.routes.all]\nsinks = ["desk"]\ncooldown_seconds = 600\nbudget_a_day = 1\n'
        )
        with analyst.shell.start("notify") as running:
            running.wait_for(lambda: "metrics at" in running.out)
            for count, (name, entity) in enumerate((("h1", "c1"), ("h2", "c1"), ("h3", "c9"), ("h4", "c5")), 1):
                analyst.publish(_now(name, entity=f"customer:{entity}"))
                wait_until(lambda so_far=count: len(analyst.read("deliveries")) == so_far, f"{name} is written down")  # type: ignore[misc]
            assert running.ctrl_c() == 0
    names = ["t1", "t2"]
    held = Scores(
        partitions=[0, 0],
        offsets=[1, 2],
        ids=names,
        at=[NOON, NOON],
        detectors={"robust": [1.0, 8.0], "autoencoder": [0.1, 0.2]},
        versions={"robust": "1", "autoencoder": "1"},
        thresholds={"robust": 3.0, "autoencoder": 1.0},
        held=[1],
    )
    analyst.put(SCORES.name, held, held)
    shown = analyst.says("alerts", "--held")
    of_c9 = analyst.says("alerts", "--held", "--json", "--entity", "c9", "--kind", "fraud").splitlines()

    assert [alert["id"] for notice in web.taken for alert in notice["alerts"]] == ["h1"]
    assert "h2  held at desk" in shown
    assert "'fraud customer:c1' was told shortly before" in shown
    assert "route all: snoozed by ann until" in shown
    assert ": our own test" in shown
    assert "the budget of its day is spent" in shown
    assert shown.count("payment t2  robust 8 (threshold 3)") == 1
    assert json.loads(of_c9[0])["alerts"] == ["h3"]


def _now(name: str, **changes: Any) -> Alert:
    return an_alert(name, emitted_at=round(1000 * time.time()), **changes)


def test_what_can_not_be_said_is_one_line(analyst: Analyst) -> None:
    """And nothing is written."""
    for words, told in {
        "snooze --for 1h --owner ann": "triage: snooze: expected a kind, an entity or a detector",
        f"snooze --for 1h --kind market --owner {'a' * 65}": "triage: owner: expected str of length <= 64",
        "ack f --owner ann": "f begins 3 alerts; give more of the id: f0, f1, f2",
        "wake 00 --owner ann": "SNOOZE: expected the id of one snooze (none is in force), was '00'",
    }.items():
        ended = analyst.shell.run("triage", *words.split(), COLUMNS="200")
        assert ended.returncode in (1, 2)
        assert told in ended.stderr
        assert ended.stderr.count("\n") == 1

    assert analyst.read("triage") == []
