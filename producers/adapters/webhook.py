"""Events by HTTP: signed POSTs, as standardwebhooks.com describes them, answered once they stand in Kafka."""

import base64
import binascii
import hmac
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from aiohttp import web

from producers.adapters.intake import Fate, Intake, serving
from producers.adapters.posted import UnfitError, name_of, read_event
from producers.configuration import read_config
from producers.ledger import Ledger
from producers.live import Batch
from stream.errors import SettingsError
from stream.notify.secrets import Secret, read_secret
from stream.notify.webhook import signature
from stream.settings import Section

_WHERE = "[producers.webhook]"
PATH = "/v1/events"
_SHORTEST_KEY = 24  # bytes, of Standard Webhooks


class WebhookConfig(Section, frozen=True, kw_only=True):
    """``[producers.webhook]``.

    secrets            one or more keys in base64, perhaps after whsec_: any of them may have signed, so that one can
                       take over from another
    tolerance_seconds  a request signed longer ago, or so far ahead, is refused: it may be one that was overheard
    max_bytes          of a request's body
    ledger             ids that have come; one of its own for each process
    remember_days      how long they are known
    """

    secrets: Annotated[tuple[Secret, ...], msgspec.Meta(min_length=1)]
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 9480
    tolerance_seconds: Annotated[float, msgspec.Meta(gt=0.0, le=3600.0)] = 300.0
    max_bytes: Annotated[int, msgspec.Meta(ge=256, le=65_536)] = 16_384
    ledger: str = ".weir/webhook.sqlite"
    remember_days: Annotated[float, msgspec.Meta(gt=0.0, le=90.0)] = 7.0


class Webhook:
    """Events that others POST by HTTP, signed, each taken once; what is wrong is answered with field and fix."""

    def __init__(self, *, seed: int = 0, config: Mapping[str, object] | None = None) -> None:
        self.config = read_config(WebhookConfig, config or {}, where=_WHERE)
        self.seed = seed  # changes nothing
        self.refused: Counter[str] = Counter()
        self.ledger = Ledger(Path(self.config.ledger))
        self._keys = [_key(secret) for secret in self.config.secrets]
        self._intake = Intake(self.ledger, remember_days=self.config.remember_days)

    def batches(self, stop: threading.Event) -> Iterator[Batch]:
        """Serve, and yield what comes."""
        with serving(self._start, what=f"http://{self.config.host}:{self.config.port}{PATH}"):
            yield from self._intake.batches(stop)

    async def _start(self) -> Callable[[], Awaitable[object]]:
        server = web.Application(client_max_size=self.config.max_bytes)
        server.router.add_post(PATH, self._answer)
        runner = web.AppRunner(server, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, self.config.host, self.config.port).start()
        return runner.cleanup

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            fix = "send one event a request"
            return self._refuse(413, UnfitError("body", f"at most {self.config.max_bytes} bytes", fix))
        fault = self._distrust(request.headers, body)
        if fault is not None:
            return self._refuse(401, fault)
        try:
            event = read_event(body)
        except UnfitError as error:
            return self._refuse(422, error)
        fate = await self._intake.take(name_of(event) or request.headers["webhook-id"], event)
        if fate is Fate.CLOSED:
            return _say(503, {"status": "not stored"}, {"Retry-After": "1"})
        if fate is Fate.OTHER:
            return self._refuse(409, UnfitError("id", "one of its own", "give another event another id"))
        return _say(200, {"status": fate.value})

    def _distrust(self, headers: Mapping[str, str], body: bytes) -> UnfitError | None:
        """Say what speaks against a request; None: it is signed by whom we know, and lately."""
        name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not 1 <= len(name) <= 64:  # as long as an id
            return UnfitError("webhook-id", "1 to 64 characters", "send the same id when you send the same event again")
        if not stamp.isdecimal() or abs(time.time() - int(stamp)) > self.config.tolerance_seconds:
            window = f"epoch seconds within {self.config.tolerance_seconds:g} s of now"
            return UnfitError("webhook-timestamp", window, "sign anew at each try; set the clock by NTP")
        signed = headers.get("webhook-signature", "").split(" ")
        right = [signature(key, name, int(stamp), body) for key in self._keys]
        if not any(hmac.compare_digest(one.encode(), other.encode()) for one in right for other in signed):
            fix = "sign id.timestamp.body by HMAC-SHA256 with the shared secret: standardwebhooks.com"
            return UnfitError("webhook-signature", "v1,… of a secret that is known here", fix)
        return None

    def _refuse(self, status: int, fault: UnfitError) -> web.Response:
        self.refused[str(fault)] += 1
        return _say(status, {"error": {"field": fault.field, "expected": fault.expected, "fix": fault.fix}})


def _say(status: int, body: object, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(body), content_type="application/json", headers=dict(headers or {})
    )


def _key(secret: Secret) -> bytes:
    content = read_secret(secret, field="secrets", where=_WHERE).removeprefix("whsec_")
    try:
        key = base64.b64decode(content, validate=True)
    except binascii.Error:
        raise SettingsError("secrets", "base64, as `openssl rand -base64 32` prints it", where=_WHERE) from None
    if len(key) < _SHORTEST_KEY:
        raise SettingsError("secrets", f"keys of {_SHORTEST_KEY} bytes or more", f"{len(key)} bytes", where=_WHERE)
    return key
