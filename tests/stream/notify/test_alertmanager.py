import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from stream.notify.alertmanager import Alertmanager
from stream.notify.sink import NotTakenError
from tests.stream.notify.receivers import a_notice, alertmanager


def shown(address: str) -> list[dict[str, Any]]:
    """Ask what alerts stand there."""
    with urllib.request.urlopen(f"{address}/api/v2/alerts", timeout=5) as answer:
        found: list[dict[str, Any]] = json.load(answer)
        return sorted(found, key=lambda alert: str(alert["labels"]["alert_id"]))


def test_a_real_alertmanager_shows_each_alert_once_with_its_sentence(tmp_path: Path) -> None:
    """Delivered twice, as after a crash: still two alerts, active, labelled for its routes, resolving in an hour."""
    with alertmanager(tmp_path) as address:
        sink = Alertmanager(name="on-call", config={"url": address, "labels": {"team": "fraud"}})
        for _ in range(2):
            sink.deliver(a_notice("a1", "a2", emitted_at=round(1000 * time.time())))
        first, second = shown(address)

    assert first["labels"] == {
        "alertname": "weir_fraud",
        "kind": "fraud",
        "severity": "high",
        "entity_kind": "customer",
        "entity": "c42",
        "detector": "robust",
        "route": "all",
        "alert_id": "a1",
        "team": "fraud",
    }
    assert second["labels"]["alert_id"] == "a2"
    assert first["status"]["state"] == "active"
    assert first["annotations"]["summary"].startswith("644.28 EUR by customer c42")


def test_an_alert_told_late_still_shows(tmp_path: Path) -> None:
    """It was emitted in 2025; it is active from then on until an hour from now."""
    with alertmanager(tmp_path) as address:
        Alertmanager(name="on-call", config={"url": address}).deliver(a_notice())
        (late,) = shown(address)

    assert late["status"]["state"] == "active"
    assert late["startsAt"].startswith("2025-10-09T12:00:00")


def test_what_alertmanager_refuses_is_final(tmp_path: Path) -> None:
    """A label that is none, of the settings' making: it says 400, and what is wrong."""
    with alertmanager(tmp_path) as address:
        sink = Alertmanager(name="on-call", config={"url": address, "labels": {"": "x"}})
        with pytest.raises(NotTakenError, match="HTTP 400") as told:
            sink.deliver(a_notice())

    assert told.value.is_final
