"""The process of ``weir console``: topics followed from a thread, the app on uvicorn, ended by SIGTERM or Ctrl-C."""

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from prometheus_client import CollectorRegistry

from monitoring.console_metrics import ConsoleMetrics
from stream.access import require_role
from stream.agents.topics import create_topics
from stream.console.app import Known, build
from stream.console.book import Book
from stream.console.health import Doctor
from stream.console.live import Live
from stream.console.symbols import Symbols
from stream.console.tokens import Keyring
from stream.console.topics import Followed, Following
from stream.errors import MachineError, SettingsError
from stream.settings import Console, Settings
from stream.wire.topics import ALERTS, ERASURES, RISK, TRIAGE

_LONGEST_SECONDS = 2  # that an end waits for answers under way


def serve(settings: Settings, keyring: Keyring, on_ready: Callable[[str], None]) -> None:
    """Serve the page and the API until a signal.

    settings  ``kafka.bootstrap`` is set
    on_ready  told the address once it answers
    Raises MachineError where there is no Kafka or the port is taken, SettingsError where it may not be had so.
    """
    place = settings.console
    listener = listen(place, place.port)
    create_topics(settings.kafka.bootstrap, settings, stages=())
    require_role("analyst", settings)
    book, symbols = Book(place.alerts), Symbols(place.snapshots)
    live = Live(book)
    following = Following(
        settings,
        {
            ERASURES.name: Followed(book.take_erasure),
            TRIAGE.name: Followed(book.take_triage),
            ALERTS.name: Followed(book.take_alert, last=place.alerts),
            RISK.name: Followed(symbols.take, last=place.snapshots),
        },
        live.heard,
    )
    registry = CollectorRegistry()
    with ExitStack() as stack:
        stack.callback(listener.close)
        stack.enter_context(following)
        ConsoleMetrics(registry, book=lambda: len(book), pages=lambda: live.pages)
        known = Known(
            settings=settings,
            keyring=keyring,
            book=book,
            symbols=symbols,
            live=live,
            doctor=Doctor(settings, lambda: following.is_following),
            registry=registry,
            is_following=lambda: following.is_following,
        )
        run(build(known), place, listener, on_ready, on_end=live.close)


def listen(place: Console, port: int) -> socket.socket:
    """Take the port, before anything else is done. Raises as ``serve`` does."""
    if not (_is_loopback(place.host) or place.certificate or place.is_behind_proxy):
        raise SettingsError(
            "console.host",
            "127.0.0.1, or a certificate (console.certificate, console.key), or console.is_behind_proxy = true: "
            "tokens must not cross a network in the clear",
            place.host,
        )
    for field in ("certificate", "key"):
        path = getattr(place, field)
        if (path and not Path(path).is_file()) or bool(place.certificate) != bool(place.key):
            raise SettingsError(f"console.{field}", "a PEM file; certificate and key together", path)
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((place.host, port))
    except OSError as error:
        listener.close()
        raise MachineError(
            f"{place.host}:{port} can't be had ({error.strerror})",
            "Choose another by --port, or 0 for any that is free",
        ) from None
    return listener


def run(
    app: Any, place: Console, listener: socket.socket, on_ready: Callable[[str], None], *, on_end: Callable[[], None]
) -> None:
    """Run an ASGI app on a listener until SIGTERM or Ctrl-C."""
    config = uvicorn.Config(
        app,
        access_log=False,  # a path may name a customer
        log_config=None,
        lifespan="on",
        loop="none",
        http="httptools",
        ws="none",
        server_header=False,
        proxy_headers=place.is_behind_proxy,
        timeout_graceful_shutdown=_LONGEST_SECONDS,
        timeout_keep_alive=30,
        ssl_certfile=place.certificate or None,
        ssl_keyfile=place.key or None,
    )
    server = _Server(config, on_end)
    scheme = "https" if place.certificate else "http"
    host, port = listener.getsockname()[:2]
    server.tell = lambda: on_ready(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # uvicorn raises them once more when all has ended in order
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve(sockets=[listener]))


class _Server(uvicorn.Server):
    """Says when it answers; ends the streams that pages hold open before it waits for them."""

    tell: Callable[[], None]

    def __init__(self, config: uvicorn.Config, on_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_end = on_end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_end()
        await super().shutdown(sockets)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
