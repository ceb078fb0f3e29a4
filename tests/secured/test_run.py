"""A whole run behind shut doors, everyone by a user of their own, with card numbers planted wherever one can stand."""

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaProducer

from deployment.local.needs import free_port
from stream.connection import connect
from stream.consume import consumer_of, read_to_end
from stream.run.plan import environment
from stream.settings import Settings
from stream.wire.events import DeadLetter
from tests.commands.shell import Shell

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

CARD = "4111111111111111"
JUDGED = "t-judged"
GROUPED = "5555-5555-5555-4444"
ARTEFACT = Path(__file__).parents[2] / "models" / "trained"
MAPPING = """
[[file]]
name = "bank"
event = "transaction"
at = [{ column = "at", unit = "ms" }]
[file.fields]
id = "id"
customer = { column = "pan", token = "env:CARD_KEYS" }
terminal = "terminal"
amount = "cents"
"""
NOTIFY = """
[notify.sinks.archive]
type = "file"
path = "told.jsonl"
[notify.routes.all]
sinks = ["archive"]
"""
PAYMENT: dict[str, object] = {
    "type": "transaction/1",
    "id": "t",
    "at": 1_700_000_000_000,
    "customer": "c",
    "terminal": "m",
    "amount": 1,
}
LABEL: dict[str, object] = {
    "type": "label/1",
    "transaction": "t",
    "at": 1_700_000_000_000,
    "customer": "c",
    "terminal": "m",
    "fraud": True,
}
TRADE: dict[str, object] = {"type": "trade/1", "symbol": "ACME", "at": 1_700_000_000_000, "price": 1.0, "size": 1.0}
PLANTED: list[tuple[str, dict[str, object]]] = [
    ("transactions", PAYMENT | {"id": f"t-{CARD}"}),
    ("transactions", PAYMENT | {"customer": CARD}),
    ("transactions", PAYMENT | {"terminal": f"m {GROUPED}"}),
    ("transactions", PAYMENT | {"currency": CARD}),
    ("transactions", PAYMENT | {"unknown": {"nested": [{"note": f"paid with {CARD}"}]}}),
    ("transactions", PAYMENT | {f"x{CARD}y": 1}),
    ("transactions", {"type": "no-such-event/1", "pan": CARD}),
    ("labels", LABEL | {"transaction": f"{GROUPED}"}),
    ("labels", LABEL | {"scenario": f"stolen {CARD}"}),
    ("ticks", TRADE | {"symbol": f"S{CARD}"}),
]


def _payments(count: int) -> str:
    """A bank's file: card numbers for customers; those of the last two rows stand where none belongs."""
    rows = [f"b{i},{1_700_000_000_000 + 1000 * i},{CARD},m{i % 5},{100 + i}" for i in range(count)]
    rows += [f"x-{CARD},1700001000000,{CARD},m1,5", f"b-x,1700001000000,{CARD},4111 1111 1111 1111,5"]
    return "id,at,pan,terminal,cents\n" + "\n".join(rows) + "\n"


@pytest.fixture
def port() -> int:
    """Where the worker's metrics are."""
    return free_port(0)


@pytest.fixture
def shells(known: dict[str, Settings], tmp_path: Path, port: int) -> dict[str, Shell]:
    """By role: the commands of its user; what they print and log stays in ``tmp_path``."""
    own = {"WEIR_WORKER_METRICS_PORT": str(port), "WEIR_NOTIFY_METRICS_PORT": "0", "COLUMNS": "200"}
    return {
        role: Shell(tmp_path / role, **environment(one, one.kafka) | own, CARD_KEYS="k" * 64)
        for role, one in known.items()
    }


def _plant(settings: Settings) -> list[str]:
    """Publish past every edge, as a stranger's producer would; the places, as `weir scan` names them.

    The last one has its card number in the key: its value is a payment like any other, and is judged.
    """
    with closing(connect(KafkaProducer, settings.kafka)) as stranger:
        sent = [stranger.send(topic, msgspec.json.encode(event), key=b"c") for topic, event in PLANTED]
        judged = PAYMENT | {"id": JUDGED, "at": round(1000 * time.time())}
        sent.append(stranger.send("transactions", msgspec.json.encode(judged), key=CARD.encode()))
        places = [future.get(20) for future in sent]
    return [f"{place.topic}-{place.partition} offset {place.offset}" for place in places]


class Told:
    """What the worker made of the planted: why each was set aside, by place, and whether the last was judged."""

    def __init__(self, settings: Settings) -> None:
        self._letters = consumer_of(settings, ["dead-letters"], from_beginning=True)
        self._scores = consumer_of(settings, ["scores"], from_beginning=True)
        self.reasons: dict[str, str] = {}
        self._is_judged = False

    def is_all(self, count: int) -> bool:
        """Read on; tell whether so many were set aside and the payment was judged."""
        for _, value in read_to_end(self._letters):
            letter = msgspec.json.decode(value, type=DeadLetter)
            place = letter.source
            if letter.reason in ("card_number", "unknown_tag"):
                self.reasons[f"{place.topic}-{place.partition} offset {place.offset}"] = letter.reason
        for _, value in read_to_end(self._scores):
            self._is_judged |= f'"{JUDGED}"'.encode() in value
        time.sleep(0.2)
        return len(self.reasons) >= count and self._is_judged

    def close(self) -> None:
        """Disconnect."""
        self._letters.close()
        self._scores.close()


def _says(shell: Shell, *words: str, codes: Sequence[int] = (0,)) -> str:
    ended = shell.run(*words)
    assert ended.returncode in codes, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stdout + ended.stderr


def test_a_planted_card_number_stays_where_it_was_planted(
    known: dict[str, Settings], shells: dict[str, Shell], tmp_path: Path, port: int
) -> None:
    """The edge sends tokens or nothing; what comes past it is set aside, and only its own input topic holds it.

    The scan looks through every topic, the logs of all processes, what a sink was told, the artefact, the metrics of
    the worker and the console's page.
    """
    (tmp_path / "bank.toml").write_text(MAPPING)
    (tmp_path / "bank.csv").write_text(_payments(60))
    (shells["notify"].folder / "notify.toml").write_text(NOTIFY)
    files = ("--transactions", str(tmp_path / "bank.csv"), "--mapping", str(tmp_path / "bank.toml"))
    sent = _says(shells["producer"], "produce", "recorded", *files)
    _says(shells["producer"], "produce", "cards", "--count", "20000")
    planted = _plant(known["producer"])
    _says(shells["analyst"], "console", "token", "add", "ann", "--role", "analyst")

    with ExitStack() as stack:
        worker = stack.enter_context(shells["worker"].start("worker", "--log-level", "DEBUG"))
        notify = stack.enter_context(shells["notify"].start("notify", "--config", "notify.toml"))
        console = stack.enter_context(shells["analyst"].start("console", "--port", "0"))
        told = stack.enter_context(closing(Told(known["admin"])))
        worker.wait_for(lambda: told.is_all(len(PLANTED)))
        alert = msgspec.json.decode(_says(shells["analyst"], "alerts", "--last", "1", "--json"))
        noted = _says(
            shells["analyst"],
            "triage",
            "ack",
            alert["id"],
            "--owner",
            "ann",
            "--note",
            f"holder of {CARD}",
            codes=(1, 2),
        )
        _says(shells["audit"], "audit", "record", "--until-end")
        console.wait_for(lambda: "http://" in console.out)
        page = console.out.split()[2]
        metrics = f"http://127.0.0.1:{port}/metrics"
        looked = [str(tmp_path / role) for role in shells] + [str(ARTEFACT)]
        found = _says(shells["admin"], "scan", *looked, "--url", metrics, "--url", page, codes=(1,))
        assert [one.ctrl_c() for one in (console, notify, worker)] == [0, 0, 0]

    assert "transactions 60" in sent
    assert "refused 1: bank.csv: id holds a card number" in sent
    assert "refused 1: bank.csv: terminal holds a card number" in sent
    assert "card number" in noted
    assert [told.reasons[place] for place in planted[:-1]] == [
        "unknown_tag" if event["type"] == "no-such-event/1" else "card_number" for _, event in PLANTED
    ]
    *places, count = found.splitlines()
    assert sorted(places) == sorted(planted)
    assert count == f"weir: {len(planted)} card numbers found"
    assert CARD not in found
