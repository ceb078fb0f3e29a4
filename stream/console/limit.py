"""So many requests of one address in a second or a minute; what is counted is forgotten when the time is over."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.exceptions import TooManyRequestsException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_FREE = ("/healthz", "/readyz", "/metrics", "/static")


class RateLimit:
    """An ASGI middleware; health, metrics and the page's own files are not counted.

    Litestar's own keeps every address for ever, and takes a fifth of the time that an answer may take.

    seconds   of a window
    requests  of one address within it
    """

    def __init__(
        self, app: ASGIApp, *, seconds: int, requests: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app, self._seconds, self._requests, self._clock = app, seconds, requests, clock
        self._window = -1
        self._counts: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request, or refuse it."""
        if scope["type"] != ScopeType.HTTP or scope["path"] == "/" or scope["path"].startswith(_FREE):
            await self._app(scope, receive, send)
            return
        window, within = divmod(self._clock(), self._seconds)
        if window != self._window:
            self._window = int(window)
            self._counts.clear()
        address = (scope["client"] or ("", 0))[0]
        self._counts[address] += 1
        left = self._requests - self._counts[address]
        headers = {
            "RateLimit-Limit": str(self._requests),
            "RateLimit-Remaining": str(max(0, left)),
            "RateLimit-Reset": str(int(self._seconds - within) + 1),
        }
        if left < 0:
            raise TooManyRequestsException(headers=headers | {"Retry-After": headers["RateLimit-Reset"]})

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableScopeHeaders.from_message(message).update(headers)
            await send(message)

        await self._app(scope, receive, sending)


def limited(seconds: int, requests: int) -> Callable[..., Any]:
    """Make the middleware for an app."""
    return lambda app: RateLimit(app, seconds=seconds, requests=requests)
