import base64
import hashlib
import hmac
import json
import socket
import subprocess
from pathlib import Path

import jsonschema
import pytest

from stream.errors import SettingsError
from stream.notify.sink import NotTakenError
from stream.notify.webhook import Webhook, signature
from stream.wire.schemas import schemas
from tests.stream.notify.receivers import a_notice, web_server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the published example


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    """Secret, id, timestamp, body and signature as Svix, who wrote the standard, publish them."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_notice_arrives_signed_and_as_its_schema_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The receiver checks it as the standard tells it to, and finds the alert in it; the token is in its header."""
    monkeypatch.setenv("CASES_SECRET", SECRET)
    (tmp_path / "token").write_text("Bearer abc\n")
    with web_server() as web:
        headers = {"Authorization": f"file:{tmp_path / 'token'}"}
        sink = Webhook(name="cases", config={"url": web.url, "secret": "env:CASES_SECRET", "headers": headers})
        sink.deliver(a_notice("a1"))
        ((method, path, got, body),) = web.got
    content = f"{got['webhook-id']}.{got['webhook-timestamp']}.".encode() + body
    expected = hmac.new(base64.b64decode(SECRET[6:]), content, hashlib.sha256).digest()

    assert (method, path, got["Content-Type"], got["Authorization"]) == (
        "POST",
        "/hook",
        "application/json",
        "Bearer abc",
    )
    assert got["webhook-signature"] == "v1," + base64.b64encode(expected).decode()
    assert got["webhook-id"] == got["Idempotency-Key"] == "a1"
    jsonschema.validate(json.loads(body), schemas()["notice/1"])
    assert [alert["id"] for alert in json.loads(body)["alerts"]] == ["a1"]


def test_openssl_makes_the_same_signature(tmp_path: Path) -> None:
    """A receiver in a shell script can check it."""
    (tmp_path / "signed").write_bytes(b"a1.1760011200.{}")
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{b'key'.hex()}", "-binary"]
    try:
        made = subprocess.run([*command, str(tmp_path / "signed")], capture_output=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("no openssl on PATH")

    assert signature(b"key", "a1", 1_760_011_200, b"{}") == "v1," + base64.b64encode(made).decode()


@pytest.mark.parametrize(
    ("status", "is_final"), [(400, True), (413, True), (401, False), (404, False), (429, False), (500, False)]
)
def test_only_a_body_that_will_never_do_is_given_up(status: int, is_final: bool) -> None:
    """A wrong token or path is mended by somebody, an overload passes."""
    with web_server() as web:
        web.statuses = [status]
        with pytest.raises(NotTakenError, match=f"HTTP {status}: status {status}") as told:
            Webhook(name="cases", config={"url": web.url}).deliver(a_notice())

    assert told.value.is_final is is_final


def test_a_redirect_is_not_followed() -> None:
    """Followed, the POST would become a GET, and the alert would be lost with a 200."""
    with web_server() as web:
        web.statuses, web.location = [302], web.url
        with pytest.raises(NotTakenError, match="HTTP 302") as told:
            Webhook(name="cases", config={"url": web.url}).deliver(a_notice())

    assert [method for method, *_ in web.got] == ["POST"]
    assert not told.value.is_final


def test_nobody_there_or_no_answer_is_tried_again_and_names_no_url() -> None:
    """The url may hold a token; what is told goes to topics and logs."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/token-abc"
        with pytest.raises(NotTakenError, match=r"no answer: .*timed out") as silent:
            Webhook(name="cases", config={"url": url, "timeout_seconds": 0.2}).deliver(a_notice())
    with pytest.raises(NotTakenError, match=r"no answer: .*refused") as gone:
        Webhook(name="cases", config={"url": url}).deliver(a_notice())

    for told in (silent, gone):
        assert not told.value.is_final
        assert "token" not in str(told.value)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "[notify.sinks.cases]: url: expected this field"),
        ({"url": "ftp://x/y"}, "[notify.sinks.cases]: url: expected http://… or https://…, was 'ftp://x/y'"),
        ({"url": "http://x", "secert": "env:S"}, "[notify.sinks.cases]: secert: expected no such field"),
        ({"url": "http://x", "secret": "whsec_abc"}, "secret: expected env:NAME or file:PATH, never the secret itself"),
        ({"url": "http://x", "secret": "env:NOT_SET"}, "secret: expected something in env:NOT_SET, was 'nothing'"),
        ({"url": "http://x", "secret": "env:ODD"}, "secret: expected base64, as `openssl rand -base64 32` prints it"),
    ],
)
def test_a_wrong_setting_is_named(config: dict[str, object], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its table, and without showing what was secret."""
    monkeypatch.setenv("ODD", "not base64!")
    with pytest.raises(SettingsError) as refused:
        Webhook(name="cases", config=config)

    assert told in str(refused.value)
    assert "not base64!" not in str(refused.value)
