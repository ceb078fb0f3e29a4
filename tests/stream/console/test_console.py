"""``weir console`` on a real Kafka: what one analyst does there, topics, command line and audit know; and a restart."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from stream.wire.audit import Act
from stream.wire.events import Label, Transaction
from stream.wire.topics import ACTS, LABELS, TRANSACTIONS
from tests.commands.analyst import Analyst, wait_until
from tests.stream.console.running import Desk, desk_of
from tests.stream.some_alert import NOON, an_alert

pytestmark = pytest.mark.kafka
DAY = 86_400_000


@pytest.fixture
def analyst(bootstrap: str, prefix: str, tmp_path: Path) -> Analyst:
    """Topics with two alerts, and thirty payments of a customer, the last one of which is far above the others."""
    desk = Analyst(bootstrap, prefix, tmp_path)
    desk.publish(an_alert("f1", emitted_at=round(1000 * time.time())), an_alert("f2", entity="terminal:m7"))
    desk.put(
        TRANSACTIONS.name,
        *(
            Transaction(
                id=f"t{i}", at=NOON + i * DAY, customer="c42", terminal="m7", amount=40_000 if i == 29 else 2_000 + i
            )
            for i in range(30)
        ),
        Transaction(id="t-f1", at=NOON - DAY, customer="c42", terminal="m7", amount=64_428),
    )
    return desk


def test_what_is_done_over_http_is_known_everywhere_and_after_a_restart(analyst: Analyst) -> None:
    """Acknowledge, judge, snooze, end another's snooze; then the same is shown by a console that starts anew."""
    with desk_of(analyst) as desk:
        taken = desk.ask("POST", "/v1/alerts/f1/acknowledgement", role="analyst", json={"note": "called"})
        desk.ask("POST", "/v1/alerts/f2/verdict", role="analyst", json={"right": False})
        snooze = desk.ask("POST", "/v1/snoozes", role="analyst", json={"seconds": 3600, "kind": "market"}).json()
        wait_until(lambda: desk.get("/v1/snoozes")["snoozes"] != [], "the snooze is not in force")
        by_another = desk.ask("DELETE", f"/v1/snoozes/{snooze['id']}", role="admin")
        wait_until(lambda: desk.get("/v1/snoozes")["snoozes"] == [], "the snooze is still in force")
        before = desk.get("/v1/alerts")
        acts = desk.get("/v1/acts", role="admin")
    with desk_of(analyst, folder=analyst.shell.folder) as again:
        after = again.get("/v1/alerts")

    assert (taken.status_code, by_another.status_code) == (201, 200)
    assert after == before
    assert {one["alert"]["id"]: one["standing"]["state"] for one in after["alerts"]} == {
        "f1": "acknowledged",
        "f2": "wrong",
    }
    assert [(act["by"], act["said"]["type"]) for act in acts] == [
        ("admin-3", "snooze/1"),
        ("analyst-2", "snooze/1"),
        ("analyst-2", "verdict/1"),
        ("analyst-2", "ack/1"),
    ]
    via = [msgspec.json.decode(value, type=Act).via for value in analyst.read(ACTS.name)]
    assert sorted(via) == ["console admin", *["console analyst"] * 3]
    labels = [msgspec.json.decode(value, type=Label) for value in analyst.read(LABELS.name)]
    assert [(label.transaction, label.fraud) for label in labels] == [("t-f2", False)]
    assert "analyst-2 looks into it: called" in analyst.says("alerts", "--until-end")


def test_a_customers_history_has_the_unusual_marked(analyst: Analyst) -> None:
    """The amount of 400.00 among thirty of about 20.00, and the payment of an alert; no other."""
    with desk_of(analyst) as desk:
        found = desk.get("/v1/customers/c42")
        at_terminal = desk.get("/v1/terminals/m7")
        nobody = desk.get("/v1/customers/c43")

    assert [one["id"] for one in found["payments"] if one["is_unusual"]] == ["t29", "t-f1"]
    assert found["payments"][0]["deviations"] > 100
    assert [one["alert"] for one in found["payments"] if one["alert"]] == ["f1"]
    assert (found["looked_through"], found["is_whole"]) == (31, True)
    assert len(at_terminal["payments"]) == 31
    assert nobody["payments"] == []


def test_health_names_the_gravest_of_what_is_wrong(analyst: Analyst) -> None:
    """No worker runs, and 31 payments wait for one."""
    with desk_of(analyst) as desk:
        health = desk.get("/v1/health")
        models, held = desk.get("/v1/models"), desk.get("/v1/held")
        ready = httpx.get(f"{desk.url}/readyz")
        metrics = httpx.get(f"{desk.url}/metrics").text

    assert (health["is_healthy"], health["verdict"]) == (False, "no worker runs; 31 records wait")
    feeds = {feed["topic"]: feed for feed in health["feeds"]}
    assert (feeds["transactions"]["lag"], feeds["alerts"]["records"]) == (31, 2)
    assert models["in_force"] is None
    assert models["metrics"]
    assert held == {"alerts": [], "payments": []}
    assert (ready.status_code, ready.text) == (200, "ok\n")
    assert "weir_console_alerts 2.0" in metrics


def test_alerts_are_streamed_as_they_come(analyst: Analyst) -> None:
    """Two hundred at once: the newest fifty are sent, and how many came; then one by one; then what people say."""
    with desk_of(analyst) as desk, _Listener(desk) as events:
        assert next(events)[0] == "hello"
        analyst.publish(*(an_alert(f"n{i:03}", emitted_at=NOON + i) for i in range(200)))
        came, sent = 0, list[str]()
        while came < 200:
            name, news = next(events)
            came += news["came"] if name == "alerts" else 0
            sent += [one["alert"]["id"] for one in news.get("alerts", [])]
        analyst.publish(an_alert("last"))
        name, news = next(events)
        desk.ask("POST", "/v1/alerts/last/acknowledgement", role="analyst", json={})
        said, _ = next(events)

    assert came == 200
    assert sent[-1] == "n199"
    assert (name, news["came"], news["alerts"][0]["alert"]["id"]) == ("alerts", 1, "last")
    assert said == "triage"


class _Listener:
    """Yields the events of the stream, beats aside."""

    def __init__(self, desk: Desk) -> None:
        headers = {"Authorization": f"Bearer {desk.tokens['viewer']}"}
        self._client = httpx.Client(timeout=60.0)
        self._stream = self._client.stream("GET", f"{desk.url}/v1/alerts/live", headers=headers)

    def __enter__(self) -> Any:
        self._answer = self._stream.__enter__()
        return self._events()

    def __exit__(self, *error: object) -> None:
        self._stream.__exit__(None, None, None)
        self._client.close()

    def _events(self) -> Any:
        name = ""
        for line in self._answer.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: ") and name != "beat":
                yield name, json.loads(line.removeprefix("data: "))
