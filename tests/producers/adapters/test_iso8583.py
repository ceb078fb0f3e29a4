"""Card messages: advices become payments with tokens, all else is answered as a switch expects, none shows a card."""

import datetime as dt
import socket
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import iso8583
import pytest
from iso8583.specs import default_ascii

from deployment.local.needs import free_port
from producers.adapters.card_messages import payment_of
from producers.adapters.iso8583 import Iso8583
from producers.live_contract import check_live
from producers.tokens import Tokens
from stream.errors import SettingsError
from stream.wire.events import Transaction
from tests.producers.adapters.at_work import at_work

CARD = "4111111111111111"
KEY = "0123456789abcdef0123456789abcdef"
NOW = dt.datetime(2025, 3, 1, 9, 30, tzinfo=dt.UTC)
ADVICE = {
    "t": "0220",
    "2": CARD,
    "3": "000000",
    "4": "000000001250",
    "7": "0301090000",
    "11": "000123",
    "32": "12345",
    "37": "506009000123",
    "41": "TERM0001",
    "42": "MERCHANT0000001",
    "49": "978",
}
Fields = dict[str, str]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARD_KEY", KEY)


def a_config(tmp_path: Path) -> dict[str, Any]:
    """Settings with a free port and a ledger of the test's own."""
    return {"token": "env:CARD_KEY", "port": free_port(0), "ledger": str(tmp_path / "ledger.sqlite")}


def encoded(fields: Fields) -> bytes:
    """A message as it goes over the wire: its length, then itself."""
    body, _ = iso8583.encode(dict(fields), default_ascii)
    return len(body).to_bytes(2, "big") + bytes(body)


def exchange(config: dict[str, Any], *messages: bytes) -> list[Fields]:
    """Send messages on one connection and read an answer to each; fewer where nothing comes for a second."""
    answers: list[Fields] = []
    with closing(socket.create_connection(("127.0.0.1", config["port"]), timeout=1)) as switch, suppress(TimeoutError):
        stream = switch.makefile("rb")
        for message in messages:
            switch.sendall(message)
        for _ in messages:
            body = stream.read(int.from_bytes(stream.read(2), "big"))
            if not body:
                break
            answers.append(iso8583.decode(body, default_ascii)[0])
    return answers


def test_it_keeps_the_contract_of_live_sources(tmp_path: Path) -> None:
    """A switch sends an advice again until it is answered."""
    config = a_config(tmp_path)

    def arrive() -> None:
        for number in range(3):
            answered: list[Fields] = []
            tries = 0
            while not answered and tries < 200:
                tries += 1
                time.sleep(0.05)
                with suppress(OSError):
                    answered = exchange(config, encoded(ADVICE | {"11": f"{number:06d}"}))

    check_live(Iso8583, config=config, arrive=arrive, expect=3)


def test_an_advice_becomes_a_payment_and_is_answered_when_it_stands_in_kafka(tmp_path: Path) -> None:
    """Sent twice, the second time as a repeat: one payment, two approvals, which echo the trace and no card."""
    config = a_config(tmp_path)
    with at_work(Iso8583(config=config)) as arrived:
        first, second = exchange(config, encoded(ADVICE), encoded(ADVICE | {"t": "0221"}))
    (arrival,) = arrived
    payment = arrival.record.event
    assert isinstance(payment, Transaction)

    assert (first["t"], first["39"], first["11"], first["37"]) == ("0230", "00", "000123", "506009000123")
    assert (second["t"], second["39"]) == ("0230", "00")
    assert "2" not in first
    assert (payment.id, payment.amount, payment.currency) == ("12345-506009000123-000123", 1250, "EUR")
    assert (payment.customer, payment.terminal) == (Tokens([KEY]).of(CARD), "MERCHANT0000001-TERM0001")


def test_what_is_no_advice_is_answered_as_a_switch_expects(tmp_path: Path) -> None:
    """A request, an echo test, advices with a field missing or wrong, and another advice under a name that is known."""
    config = a_config(tmp_path)
    without_amount = {number: text for number, text in ADVICE.items() if number != "4"}
    messages = [
        ADVICE | {"t": "0200"},
        {"t": "0800", "7": "0301090000", "11": "000001"},
        without_amount,
        ADVICE | {"49": "999"},
        ADVICE | {"2": "4111111111111112"},
        ADVICE,
        ADVICE | {"4": "000000009999"},
    ]
    source = Iso8583(config=config)
    with at_work(source) as arrived:
        answers = exchange(config, *map(encoded, messages))

    assert [(answer["t"], answer["39"]) for answer in answers] == [
        *(("0210", "12"), ("0810", "00"), ("0230", "30"), ("0230", "30"), ("0230", "30")),
        *(("0230", "00"), ("0230", "94")),
    ]
    assert len(arrived) == 1
    assert source.refused == {
        "message type 0200: expected an advice, 0120 or 0220": 1,
        "field 4: expected a value": 1,
        "field 49: expected one of 392, 752, 756, 826, 840, 978, 985": 1,
        "field 2 or 35: expected a card number (ISO/IEC 7812-1)": 1,
    }


def test_bytes_that_are_no_message_end_nothing_and_are_never_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A card number in a broken message stands in no reason and no log; the next message is answered."""
    config = a_config(tmp_path)
    broken = encoded(ADVICE)[2:-5]
    source = Iso8583(config=config)
    with at_work(source) as arrived:
        answers = exchange(config, len(broken).to_bytes(2, "big") + broken, encoded(ADVICE))

    assert len(answers) == len(arrived) == 1
    assert list(source.refused) == ["message: expected ISO 8583, fails at field 42"]
    assert CARD not in caplog.text + str(source.refused)


@pytest.mark.parametrize(
    ("now", "stamp", "year"),
    [
        (dt.datetime(2026, 1, 1, 0, 1, tzinfo=dt.UTC), "1231235900", 2025),
        (dt.datetime(2025, 12, 31, 23, 59, tzinfo=dt.UTC), "0101000100", 2026),
        (dt.datetime(2024, 2, 29, 12, 0, tzinfo=dt.UTC), "0229110000", 2024),
    ],
)
def test_the_year_that_a_message_leaves_out_is_the_nearest(now: dt.datetime, stamp: str, year: int) -> None:
    """Around New Year, and on a day that few years have."""
    payment = payment_of(ADVICE | {"7": stamp}, tokens=Tokens([KEY]), currencies={"978": "EUR"}, now=now)

    assert dt.datetime.fromtimestamp(payment.at / 1000, dt.UTC).strftime("%Y%m%d%H%M%S") == f"{year}{stamp}"


def test_the_card_of_track_2_is_the_card_of_field_2() -> None:
    """Chip and stripe give the one, keyed entry the other."""
    keyed = payment_of(ADVICE, tokens=Tokens([KEY]), currencies={"978": "EUR"}, now=NOW)
    track = {number: text for number, text in ADVICE.items() if number != "2"} | {"35": f"{CARD}=25121011234567"}
    swiped = payment_of(track, tokens=Tokens([KEY]), currencies={"978": "EUR"}, now=NOW)

    assert swiped.customer == keyed.customer


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "token"),
        ({"token": KEY}, "never the secret itself"),
        ({"token": "env:CARD_KEY", "encoding": "ebcdic"}, "encoding"),
        ({"token": "env:CARD_KEY", "prot": 1}, "prot"),
    ],
)
def test_wrong_settings_are_refused_by_name(config: dict[str, object], said: str) -> None:
    """Before anything listens."""
    with pytest.raises(SettingsError, match=said):
        Iso8583(config=config)
