import subprocess
import time
from collections.abc import Iterator

import pytest
import yaml

from monitoring.rules import rule_file
from tests.monitoring.alertmanager import alertmanager, inhibited, post, webhook
from tests.monitoring.prometheus import DEPLOYMENT, require

CONFIG = DEPLOYMENT / "alertmanager" / "alertmanager.yml"
RULES = [rule for group in rule_file()["groups"] for rule in group["rules"] if "alert" in rule]
DESKS = {"weir-fraud": "fraud-desk", "weir-market": "risk-desk", "weir-models": "modellers"}
EVENTS = [({"kind": "fraud"}, "fraud-desk"), ({"kind": "feed"}, "risk-desk"), ({"kind": "model"}, "modellers")]


def receivers(*labels: dict[str, str]) -> list[str]:
    """Whom amtool says alerts with these labels reach, one line each."""
    amtool = require("amtool", "prometheus-alertmanager")
    found = []
    for one in labels:
        words = [f"{name}={value}" for name, value in one.items()]
        done = subprocess.run(
            [amtool, "config", "routes", "test", f"--config.file={CONFIG}", *words],
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(done.stdout.strip())
    return found


def test_every_rule_reaches_whom_its_severity_and_its_board_name() -> None:
    """Critical wakes somebody; the rest goes to whoever works at the board, and to the operators where nobody does."""
    labels = [{"alertname": rule["alert"], **rule["labels"]} for rule in RULES]
    expected = [
        "on-call" if one["severity"] == "critical" else DESKS.get(one.get("board", ""), "operators") for one in labels
    ]

    assert receivers(*labels) == expected


@pytest.mark.parametrize(("labels", "receiver"), EVENTS)
def test_an_event_reaches_its_desk_even_when_critical(labels: dict[str, str], receiver: str) -> None:
    """Fraud on a card is no fault of the system: it does not wake those who keep it running."""
    assert receivers(labels | {"severity": "critical", "alertname": f"weir_{labels['kind']}"}) == [receiver]


def test_every_alert_that_an_inhibition_names_is_a_rule() -> None:
    """A rule that was renamed would no longer be held, or hold."""
    config = yaml.safe_load(CONFIG.read_text())
    matchers = [
        matcher
        for rule in config["inhibit_rules"]
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
        if matcher.startswith("alertname")
    ]
    names = {name for matcher in matchers for name in matcher.split('"')[1].split("|")}

    assert names <= {rule["alert"] for rule in RULES}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Alertmanager."""
    with webhook() as hook, alertmanager(tmp_path_factory.mktemp("alertmanager"), hook.url) as found:
        yield found


def test_what_follows_from_another_alert_is_held(address: str) -> None:
    """With a dead worker, a failing sink and a burning promise: only what follows from each is held, not its like."""
    post(
        address,
        [
            {"alertname": "WeirWorkerDown", "severity": "critical", "instance": "a:9108"},
            {"alertname": "WeirWorkerRestarting", "severity": "warning", "instance": "a:9108"},
            {"alertname": "WeirWorkerNotReady", "severity": "warning", "instance": "b:9108"},  # another worker
            {"alertname": "WeirAlertsUndelivered", "severity": "critical", "sink": "cases"},
            {"alertname": "WeirSinkFailing", "severity": "warning", "sink": "cases"},
            {"alertname": "WeirSinkFailing", "severity": "info", "sink": "desk"},  # another sink
            {"alertname": "WeirBudgetBurns", "severity": "critical", "slo": "fresh"},
            {"alertname": "WeirBudgetBurns", "severity": "warning", "slo": "fresh"},
            {"alertname": "WeirStageCrashing", "severity": "critical"},
            {"alertname": "WeirAlertStorm", "severity": "warning"},  # shares no label with the one before
        ],
    )
    expected = {("WeirWorkerRestarting", "warning"), ("WeirSinkFailing", "warning"), ("WeirBudgetBurns", "warning")}
    deadline = time.monotonic() + 20
    while (held := inhibited(address)) != expected:
        assert time.monotonic() < deadline, held
        time.sleep(0.2)
