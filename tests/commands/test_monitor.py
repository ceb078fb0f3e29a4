"""``weir monitor`` as a user runs it: figures by verdicts, a `model` alert where payments moved, each alert once."""

import json
from pathlib import Path

import msgspec
import pytest

from stream.wire.events import Alert, Label
from stream.wire.topics import ALERTS, LABELS, SCORES
from tests.commands.analyst import Analyst
from tests.stream.drift.records import START, a_record, a_stream

pytestmark = pytest.mark.kafka

DAY_MS = 86_400_000


def test_live_figures_are_shown_from_what_stands_on_the_topics(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    """Four payments, two told, one of them fraud, one fraud missed: precision and recall of a half."""
    analyst = Analyst(bootstrap, prefix, tmp_path)
    analyst.put(SCORES.name, a_record([START + i for i in range(4)], {"robust": [2.0, 2.0, 0.1, 0.1]}))
    analyst.put(LABELS.name, *(_verdict(i, fraud=i in (0, 2)) for i in range(4)))

    said = analyst.says("monitor", "--once", "--json", "figures.json")

    figures = json.loads((tmp_path / "figures.json").read_text())
    told = next(live for live in figures["live"] if live["subject"] == "told")
    assert (told["precision"], told["recall"], told["false_alarms_per_1000"]) == (0.5, 0.5, 500.0)
    assert figures["money"] == {"caught": 0.0, "reviews": 1000.0}
    assert "by 4 verdicts" in said
    assert "50.0%" in said


def test_a_model_alert_is_told_once_however_often_the_monitor_starts(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """Amounts grow after five days: a `model` alert names them; a second start reads it back and tells nothing."""
    analyst = Analyst(bootstrap, prefix, tmp_path, WEIR_MONITOR_LEAST_ROWS="400", WEIR_MONITOR_WINDOW_HOURS="12")
    analyst.put(SCORES.name, *a_stream(160, each=60, seed=1, grows_from=120))
    shell = analyst.shell

    for _ in range(2):
        with shell.start("monitor") as monitor:
            monitor.wait_for(lambda: analyst.read(ALERTS.name))
            monitor.wait_for(lambda: "metrics at" in monitor.out)
            assert monitor.ctrl_c() == 0

    alerts = [msgspec.json.decode(value, type=Alert) for value in analyst.read(ALERTS.name)]
    assert [alert.kind for alert in alerts] == ["model"]
    assert "amount" in {reason.feature for reason in alerts[0].reasons}
    assert "model" in analyst.says("alerts", "--until-end")


def _verdict(i: int, *, fraud: bool) -> Label:
    return Label(transaction=f"t{i}", at=START + 7 * DAY_MS, customer="c", terminal="m", fraud=fraud)
