"""Real receivers on this machine: an HTTP server that answers as it is told, an SMTP server, an Alertmanager."""

import json
import shutil
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from deployment.local.needs import free_port
from stream.wire.triage import Notice
from tests.stream.some_alert import an_alert


def a_notice(*names: str, **changes: Any) -> Notice:
    """Make a notice of the given alerts, of one where none is named."""
    alerts = tuple(an_alert(name, **changes) for name in names or ("a1",))
    return Notice(id=alerts[0].id, sink="desk", route="all", group="fraud customer:c42", alerts=alerts)


@dataclass
class Web:
    """What an HTTP server got, and what it answers: ``statuses`` in turn, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    location: str = ""  # of a redirect
    got: list[tuple[str, str, Message, bytes]] = field(default_factory=list)  # method, path, headers, body
    taken: list[Any] = field(default_factory=list)  # bodies that were answered with 200

    def wait_for(self, count: int, seconds: float = 120.0) -> None:
        """Return when so many bodies were taken."""
        deadline = time.monotonic() + seconds
        while len(self.taken) < count:
            assert time.monotonic() < deadline, f"{len(self.taken)} of {count} after {seconds:.0f} s"
            time.sleep(0.02)


@contextmanager
def web_server(port: int = 0) -> Iterator[Web]:
    """Serve until left."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status = web.statuses.pop(0) if web.statuses else 200
            if status == 200 and body:
                web.taken.append(json.loads(body))
            web.got.append((self.command, self.path, self.headers, body))
            self.send_response(status)
            if web.location:
                self.send_header("Location", web.location)
            self.end_headers()
            self.wfile.write(f"status {status}".encode())

        do_POST = do_GET = answer  # noqa: N815  # the library's names

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    web.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Post(MessageHandler):
    """An SMTP server's mail box; ``refuses`` has the answer to whom it does not take mail for."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Message] = []
        self.to: list[list[str]] = []
        self.refuses: dict[str, str] = {}
        self.data_answer = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802, ARG002  # the library's
        """Take or refuse a recipient."""
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # the library's
        """Take or refuse the mail."""
        if self.data_answer:
            return self.data_answer
        self.to.append(list(envelope.rcpt_tos))
        return str(await super().handle_DATA(server, session, envelope))

    def handle_message(self, message: Message) -> None:
        """Keep it."""
        self.mails.append(message)


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None) -> Iterator[tuple[Post, int]]:
    """Serve SMTP on a port of this machine; yields its mail box and the port.

    tls  with which STARTTLS is asked for; None: no encryption
    """
    post = Post()
    encrypted = {"tls_context": tls, "require_starttls": True} if tls is not None else {}
    controller = Controller(post, hostname="127.0.0.1", port=free_port(0), **encrypted)
    controller.start()
    try:
        yield post, controller.port
    finally:
        controller.stop()


@contextmanager
def alertmanager(folder: Path) -> Iterator[str]:
    """Run an Alertmanager that tells nobody; yields its address. Skips the test where there is none."""
    binary = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if binary is None:
        pytest.skip("no alertmanager on PATH (Debian: apt install prometheus-alertmanager)")
    (folder / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    address = f"127.0.0.1:{free_port(0)}"
    options = [
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([binary, *options], stderr=log)
    try:
        deadline = time.monotonic() + 30
        while not _answers(f"http://{address}/-/ready"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "alertmanager did not become ready in 30 s"
            time.sleep(0.05)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
