"""Webhooks as standardwebhooks.com describes them: signed by HMAC-SHA256, with the notice's id to act by once."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Annotated

import msgspec

from producers.configuration import read_config
from stream.errors import SettingsError
from stream.notify.post import check_url, post
from stream.notify.secrets import Secret, read_secret
from stream.settings import Section
from stream.wire.codec import encode
from stream.wire.triage import Notice

_MARK = "whsec_"


class WebhookConfig(Section, frozen=True, kw_only=True):
    """``[notify.sinks.NAME]`` of type webhook."""

    url: str
    secret: Secret = ""  # whose content is base64, perhaps after whsec_; none: unsigned
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0.0, le=60.0)] = 10.0
    headers: dict[str, Secret] = msgspec.field(
        default_factory=dict
    )  # header → where its value is: {Authorization = "env:CASES_TOKEN"}


class Webhook:
    """POSTs each notice as JSON, signed, with an idempotency key."""

    def __init__(self, *, name: str, config: Mapping[str, object]) -> None:
        where = f"[notify.sinks.{name}]"
        self._config = read_config(WebhookConfig, config, where=where)
        self._url = check_url(self._config.url, where=where)
        self._key = _key(read_secret(self._config.secret, field="secret", where=where), where)
        self._headers = {
            header: read_secret(value, field=f"headers.{header}", where=where)
            for header, value in self._config.headers.items()
        }

    def deliver(self, notice: Notice) -> None:
        """Send it; 2xx is taken."""
        body, at = encode(notice), int(time.time())
        headers = {"webhook-id": notice.id, "webhook-timestamp": str(at), "Idempotency-Key": notice.id}
        if self._key:
            headers["webhook-signature"] = signature(self._key, notice.id, at, body)
        post(self._url, body, headers={**self._headers, **headers}, timeout=self._config.timeout_seconds)

    def close(self) -> None:
        """Nothing is kept open."""


def signature(key: bytes, name: str, at: int, body: bytes) -> str:
    """Sign a webhook.

    name  its ``webhook-id``
    at    its ``webhook-timestamp``, epoch seconds
    ->    the header ``webhook-signature``: "v1," and the HMAC of id, timestamp and body joined by dots
    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    signed = f"{name}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _key(secret: str, where: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_MARK), validate=True)
    except binascii.Error:
        raise SettingsError("secret", "base64, as `openssl rand -base64 32` prints it", where=where) from None
