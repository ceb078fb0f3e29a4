"""Incoming webhooks as Slack takes them; Mattermost, Rocket.Chat and others take the same."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from producers.configuration import read_config
from stream.notify.post import check_url, post
from stream.notify.secrets import Secret, read_secret
from stream.notify.wording import subject, text
from stream.settings import Section
from stream.wire.codec import encode
from stream.wire.triage import Notice

_COLOURS = {"low": "#3498db", "medium": "#f1c40f", "high": "#e67e22", "critical": "#c0392b"}
_MOST = 7_000  # characters of an attachment's text that Slack shows


class SlackConfig(Section, frozen=True, kw_only=True):
    """``[notify.sinks.NAME]`` of type slack."""

    url: Secret  # who knows it can write to the channel
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0.0, le=60.0)] = 10.0


class Slack:
    """Writes each notice to a Slack-compatible channel."""

    def __init__(self, *, name: str, config: Mapping[str, object]) -> None:
        where = f"[notify.sinks.{name}]"
        self._config = read_config(SlackConfig, config, where=where)
        self._url = check_url(read_secret(self._config.url, field="url", where=where), where=where)

    def deliver(self, notice: Notice) -> None:
        """Send it; 2xx is taken."""
        colour = _COLOURS.get(notice.alerts[-1].severity, _COLOURS["critical"])
        attachment = {"color": colour, "text": _escaped(text(notice))[:_MOST], "fallback": _escaped(subject(notice))}
        body = encode({"text": f"*{_escaped(subject(notice))}*", "attachments": [attachment]})
        post(self._url, body, headers={}, timeout=self._config.timeout_seconds)

    def close(self) -> None:
        """Nothing is kept open."""


def _escaped(words: str) -> str:
    """Keep names and ids from being read as markup or as a mention of everybody."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
