"""What a process shows over HTTP: ``/metrics`` for Prometheus, ``/healthz`` and ``/readyz`` for who restarts it."""

import socketserver
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from monitoring.health import STALLED_SECONDS, Progress, unhealthy, unready
from stream.errors import MachineError

Page = tuple[HTTPStatus, str, bytes]  # status, content type, body
_TEXT = "text/plain; charset=utf-8"


class Shown(Protocol):
    """What a process tells of itself: ``monitoring.metrics`` of a worker, ``monitoring.notify_metrics``."""

    registry: CollectorRegistry

    def progress(self) -> Progress:
        """What health and readiness are judged by."""


class Exporter:
    """Serves one process's metrics from a thread of its own until closed.

    metrics  of the worker, or of ``weir notify``
    host     to listen on; 127.0.0.1 unless others must reach it
    port     0 for any free one, then found in ``port``
    stalled_seconds  after which a process without progress is unhealthy
    section  of the settings where host and port stand
    Raises MachineError where the port can't be had.
    """

    def __init__(
        self,
        metrics: Shown,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        stalled_seconds: float = STALLED_SECONDS,
        section: str = "worker",
    ) -> None:
        pages = {
            "/metrics": lambda accept: _scrape(metrics, accept),
            "/healthz": lambda _: _verdict(unhealthy(metrics.progress(), stalled_seconds=stalled_seconds)),
            "/readyz": lambda _: _verdict(unready(metrics.progress())),
        }
        try:
            self._server = _Server((host, port), type("Handler", (_Handler,), {"pages": pages}))
        except OSError as error:
            reason = error.strerror or str(error)
            raise MachineError(
                f"metrics can't be served on {host}:{port} ({reason})",
                f"Set {section}.metrics_port (WEIR_{section.upper()}_METRICS_PORT) to a free port, or to 0 for any",
            ) from None
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="exporter", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _scrape(metrics: Shown, accept: str) -> Page:
    encode, content_type = choose_encoder(accept)
    return HTTPStatus.OK, content_type, encode(metrics.registry)


def _verdict(reason: str) -> Page:
    status = HTTPStatus.SERVICE_UNAVAILABLE if reason else HTTPStatus.OK
    return status, _TEXT, f"{reason or 'ok'}\n".encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # HTTPServer's would ask the DNS for its own name

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a scraper that hung up before it had its answer; anything else is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    pages: ClassVar[dict[str, Callable[[str], Page]]]
    timeout = 10.0  # a peer that sends nothing is let go

    def do_GET(self) -> None:
        page = self.pages.get(self.path.partition("?")[0])
        if page is None:
            known = " ".join(self.pages)
            status, content_type, body = HTTPStatus.NOT_FOUND, _TEXT, f"only {known}\n".encode()
        else:
            status, content_type, body = page(self.headers.get("Accept", ""))
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the library's
        """Say nothing: a scrape every few seconds is no news."""
