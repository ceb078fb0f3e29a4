"""Our own sinks, held to the contract that a stranger's is held to; and the contract, held to sinks that break it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from deployment.local.needs import free_port
from producers.configuration import read_config
from stream.notify.alertmanager import Alertmanager
from stream.notify.contract import ContractError, check_sink
from stream.notify.files import File
from stream.notify.mail import Mail
from stream.notify.plugins import installed
from stream.notify.sink import NotTakenError
from stream.notify.slack import Slack
from stream.notify.webhook import Webhook
from stream.settings import Section
from stream.wire.triage import Notice
from tests.stream.notify.receivers import alertmanager, mail_server, web_server


def test_all_of_ours_are_installed() -> None:
    """By the entry points that a package of anybody's uses too, each with a line that says what it does."""
    found = installed()

    assert {"alertmanager", "file", "mail", "slack", "webhook"} <= found.keys()
    assert [about for about in found.values() if not about or "does not load" in about] == []


def test_the_webhook_keeps_the_contract() -> None:
    """To a real HTTP server, and to a port where nobody listens."""
    with web_server() as web:
        check_sink(Webhook, config={"url": web.url}, down={"url": f"http://127.0.0.1:{free_port(0)}/"})

    assert [len(notice["alerts"]) for notice in web.taken] == [1, 1, 2, 100]


def test_the_channel_keeps_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice of a hundred alerts is cut to what a channel shows."""
    with web_server() as web:
        monkeypatch.setenv("UP", web.url)
        monkeypatch.setenv("DOWN", f"http://127.0.0.1:{free_port(0)}/")
        check_sink(Slack, config={"url": "env:UP"}, down={"url": "env:DOWN"})

    assert "… and 90 more alerts of this group" in web.taken[3]["attachments"][0]["text"]


def test_the_mail_keeps_the_contract() -> None:
    """To a real SMTP server; the notice that comes again has reached all, and is not sent again."""
    config = {"host": "127.0.0.1", "encryption": "none", "sender": "weir@example.org", "to": ["ann@example.org"]}
    with mail_server() as (post, port):
        check_sink(Mail, config={**config, "port": port}, down={**config, "port": free_port(0)})

    assert len(post.mails) == 3


def test_the_file_keeps_the_contract(tmp_path: Path) -> None:
    """A folder can't be written to as a file: as near as a test comes to a disk that fails."""
    check_sink(File, config={"path": str(tmp_path / "alerts.jsonl")}, down={"path": str(tmp_path)})

    assert len((tmp_path / "alerts.jsonl").read_text().splitlines()) == 4


def test_the_alertmanager_keeps_the_contract(tmp_path: Path) -> None:
    """To a real Alertmanager."""
    with alertmanager(tmp_path) as address:
        check_sink(Alertmanager, config={"url": address}, down={"url": f"http://127.0.0.1:{free_port(0)}"})


class Config(Section, frozen=True, kw_only=True):
    """Of a sink under test."""

    mood: str = ""


class Moody:
    """Does what its ``mood`` says."""

    def __init__(self, *, name: str, config: Mapping[str, object]) -> None:
        if "lax" not in str(config.get("mood")):
            self.mood = read_config(Config, config, where=name).mood
        else:
            self.mood = str(config["mood"])

    def deliver(self, notice: Notice) -> None:
        """Take it or not."""
        match self.mood:
            case "refuses many" if len(notice.alerts) > 2:
                raise NotTakenError("too many")
            case "gives up":
                raise NotTakenError("gone", is_final=True)
            case "breaks":
                raise OSError

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("config", "down", "promise"),
    [
        ("lax", None, "an unknown field of the configuration is refused"),
        ("refuses many", None, "one of 100 alerts: too many"),
        ("", "", "what reached nobody is not taken"),
        ("", "gives up", "the failure is not final"),
        ("", "breaks", "raises NotTakenError, not OSError"),
    ],
)
def test_a_sink_that_breaks_a_promise_is_told_which(config: str, down: str | None, promise: str) -> None:
    """Each mood breaks one."""
    with pytest.raises(ContractError, match=promise):
        check_sink(Moody, config={"mood": config}, down=None if down is None else {"mood": down})
