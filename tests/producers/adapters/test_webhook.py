"""Events by HTTP: who may send, what is said to whom sends something wrong, and that each event is taken once."""

import base64
import http.client
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from deployment.local.needs import free_port
from producers.adapters.webhook import PATH, Webhook
from producers.live_contract import check_live
from stream.agents.topics import create_topics
from stream.consume import consumer_of, read_to_end
from stream.errors import MachineError, SettingsError
from stream.notify.webhook import signature
from stream.settings import Kafka, Settings
from tests.commands.shell import Shell
from tests.producers.adapters.at_work import at_work

KEY = b"0123456789abcdef01234567"
OTHER = b"76543210fedcba9876543210"
AT = 1_740_819_600_000
PAYMENT = {"type": "transaction/1", "id": "p1", "at": AT, "customer": "c1", "terminal": "m1", "amount": 5}
NO_PRICE = {"type": "quote/1", "symbol": "A", "at": AT, "bid": 0, "ask": 0}
Config = dict[str, Any]
Answer = tuple[int, Any]


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two keys, one of which is to take over from the other."""
    monkeypatch.setenv("HOOK_OLD", "whsec_" + base64.b64encode(KEY).decode())
    monkeypatch.setenv("HOOK_NEW", base64.b64encode(OTHER).decode())


def a_config(tmp_path: Path, **more: object) -> Config:
    """Settings with a free port and a ledger of the test's own."""
    own = {"secrets": ["env:HOOK_OLD", "env:HOOK_NEW"], "port": free_port(0), "ledger": str(tmp_path / "l.sqlite")}
    return own | more


def post(config: Config, event: object, *, key: bytes = KEY, name: str = "m1", at: float | None = None) -> Answer:
    """Send one event, signed; the status and what was said."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    stamp = int(time.time() if at is None else at)
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(stamp),
        "webhook-signature": "v1,bm90aGluZw== " + signature(key, name, stamp, body),
    }
    connection = http.client.HTTPConnection("127.0.0.1", int(config["port"]), timeout=20)
    try:
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_it_keeps_the_contract_of_live_sources(tmp_path: Path) -> None:
    """Whoever sends tries again until it is told that the event is stored."""
    config = a_config(tmp_path)

    def arrive() -> None:
        for number in range(3):
            status, tries = 503, 0
            while status == 503 and tries < 200:
                tries += 1
                time.sleep(0.05)
                with suppress(ConnectionRefusedError):
                    status, _ = post(config, PAYMENT | {"id": f"p{number}"})

    check_live(Webhook, config=config, arrive=arrive, expect=3)


def test_an_event_is_taken_once_however_often_it_is_sent(tmp_path: Path) -> None:
    """By ten senders at once, later, and in the next life; another event of its name is refused."""
    config = a_config(tmp_path)
    with at_work(Webhook(config=config)) as arrived:
        with ThreadPoolExecutor(10) as senders:
            said = [answer[1]["status"] for answer in senders.map(lambda _: post(config, PAYMENT), range(10))]
        later = post(config, PAYMENT, key=OTHER, name="m2")
        first = len(arrived)
    with at_work(Webhook(config=config)) as arrived:
        again = post(config, PAYMENT)
        other = post(config, PAYMENT | {"amount": 6})

    assert set(said) <= {"stored", "known"}
    assert "stored" in said
    assert (first, later, again) == (1, (200, {"status": "known"}), (200, {"status": "known"}))
    assert (other[0], other[1]["error"]["field"]) == (409, "id")
    assert arrived == []


def test_what_is_wrong_is_answered_with_field_and_fix(tmp_path: Path) -> None:
    """One request for each fault; none of them shows a value, and none becomes an event."""
    config = a_config(tmp_path, max_bytes=1_000)
    card = "4111111111111111"
    faults: list[tuple[int, str, Answer]] = []
    with at_work(Webhook(config=config)) as arrived:
        faults += [
            (422, "amount", post(config, PAYMENT | {"amount": -1})),
            (422, "amount", post(config, {key: value for key, value in PAYMENT.items() if key != "amount"})),
            (422, "at", post(config, PAYMENT | {"at": "noon"})),
            (422, "type", post(config, PAYMENT | {"type": "transaction/9"})),
            (422, "type", post(config, [PAYMENT])),
            (422, "body", post(config, b"{")),
            (422, "customer", post(config, PAYMENT | {"customer": card})),
            (422, "terminal", post(config, PAYMENT | {"terminal": "m 4111-1111 1111-1111"})),
            (422, "bid and ask", post(config, NO_PRICE)),
            (413, "body", post(config, PAYMENT | {"more": "x" * 1_000})),
            (401, "webhook-signature", post(config, PAYMENT, key=b"x" * 24)),
            (401, "webhook-timestamp", post(config, PAYMENT, at=time.time() - 301)),
            (401, "webhook-timestamp", post(config, PAYMENT, at=time.time() + 302)),
            (401, "webhook-id", post(config, PAYMENT, name="x" * 65)),
        ]

    assert arrived == []
    for status, field, (said_status, said) in faults:
        assert (said_status, said["error"]["field"]) == (status, field)
        assert said["error"]["expected"]
        assert said["error"]["fix"]
        assert card not in str(said)


def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path) -> None:
    """As a fault of the machine, not of ours."""
    config = a_config(tmp_path)
    with at_work(Webhook(config=config)), pytest.raises(MachineError, match="Name another host or port"):
        next(Webhook(config=config | {"ledger": str(tmp_path / "other")}).batches(threading.Event()))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"secrets": []}, "secrets"),
        ({"secrets": ["env:NOT_SET"]}, "something in env:NOT_SET"),
        ({"secrets": ["env:HOOK_SHORT"]}, "24 bytes or more"),
        ({"secrets": ["env:HOOK_OLD"], "tolerance": 5}, "tolerance"),
        ({}, "secrets"),
    ],
)
def test_wrong_settings_are_refused_by_name(
    config: dict[str, object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything listens."""
    monkeypatch.setenv("HOOK_SHORT", "c2VjcmV0")
    with pytest.raises(SettingsError, match=said):
        Webhook(config=config)


@pytest.mark.kafka
def test_by_the_command_line_it_stands_in_kafka_and_ctrl_c_ends_it(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    """A signed event is answered when it stands on its topic; Ctrl-C prints what was sent and refused."""
    settings = Settings(kafka=Kafka(bootstrap=bootstrap, prefix=prefix))
    create_topics(bootstrap, settings, stages=())
    config = a_config(tmp_path)
    (tmp_path / "weir.toml").write_text(f'[producers.webhook]\nsecrets = ["env:HOOK_OLD"]\nport = {config["port"]}\n')
    shell = Shell(tmp_path, WEIR_BOOTSTRAP=bootstrap, WEIR_KAFKA_PREFIX=prefix, HOOK_OLD=os.environ["HOOK_OLD"])
    with shell.start("produce", "webhook") as running:

        def is_up() -> bool:
            with suppress(ConnectionRefusedError):
                return post(config, PAYMENT)[0] == 200
            return False

        running.wait_for(is_up)
        post(config, PAYMENT | {"amount": -1})
        assert running.ctrl_c() == 0
    consumer = consumer_of(settings, ["transactions"], from_beginning=True)
    values = [value for _, value in read_to_end(consumer)]
    consumer.close()

    assert len(values) == 1
    assert json.loads(values[0]) == PAYMENT | {"currency": "EUR"}
    assert "sent 1 records" in running.out
    assert "refused 1: amount: expected int >= 0" in running.out.replace("\n", " ")
