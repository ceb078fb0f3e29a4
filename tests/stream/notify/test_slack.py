import pytest

from stream.errors import SettingsError
from stream.notify.slack import Slack
from tests.stream.notify.receivers import a_notice, web_server


def test_a_channel_gets_the_subject_the_reasons_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `text` with an attachment, which Mattermost and others take too."""
    with web_server() as web:
        monkeypatch.setenv("CHANNEL", web.url)
        Slack(name="chat", config={"url": "env:CHANNEL"}).deliver(a_notice("a1", "a2"))
        (body,) = web.taken

    assert body["text"] == "*high: fraud customer c42 and 1 more*"
    assert body["attachments"][0]["color"] == "#e67e22"
    text = body["attachments"][0]["text"]
    assert "644.28 EUR by customer c42" in text
    assert " 75%  the amount is 5.4 times the customer's own mean" in text
    assert "weir explain a2" in text


def test_no_name_in_an_alert_can_mention_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal called <!channel> is written out, not rung."""
    with web_server() as web:
        monkeypatch.setenv("CHANNEL", web.url)
        Slack(name="chat", config={"url": "env:CHANNEL"}).deliver(a_notice("a1", entity="terminal:<!channel>"))
        (body,) = web.taken

    assert body["text"] == "*high: fraud terminal &lt;!channel&gt;*"


def test_the_address_of_a_channel_is_a_secret() -> None:
    """Whoever has it can write there, so it does not stand in the settings."""
    with pytest.raises(SettingsError, match="url: expected env:NAME or file:PATH, never the secret itself"):
        Slack(name="chat", config={"url": "https://hooks.example/T0/B0/xyz"})
