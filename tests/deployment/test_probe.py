import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from deployment.probe import reason


@contextmanager
def a_server(status: int, body: bytes = b"") -> Iterator[str]:
    """Serve one status on a free port and yield its URL."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/readyz"
        server.shutdown()
        thread.join()


def test_a_ready_worker_has_no_reason_against_it() -> None:
    """A 200 ends the probe with status 0, as Docker wants it."""
    with a_server(200) as url:
        done = subprocess.run([sys.executable, "-m", "deployment.probe", url], check=False, timeout=20)

    assert done.returncode == 0


def test_an_unready_worker_is_told_with_its_own_words() -> None:
    """A 503 ends the probe with status 1 and what the worker said, which Docker keeps in its log."""
    with a_server(503, b"state is being read back\n") as url:
        done = subprocess.run(
            [sys.executable, "-m", "deployment.probe", url], check=False, timeout=20, capture_output=True, text=True
        )

    assert done.returncode == 1
    assert done.stderr == f"{url}: 503 state is being read back\n"


def test_a_worker_that_hangs_is_not_waited_for() -> None:
    """The server accepts and says nothing: the probe gives up within its time."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()

        assert "timed out" in reason(f"http://127.0.0.1:{mute.getsockname()[1]}/readyz", within_seconds=0.2)
