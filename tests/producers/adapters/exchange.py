"""A local exchange: speaks Binance's or Coinbase's public format over a real WebSocket, and drops connections."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from deployment.local.needs import free_port

Script = Sequence[Sequence[object]]
"""Of each connection in turn: what is sent, before it is dropped without a goodbye. The last one is kept open."""


class Exchange:
    """What a test looks at: the address, and what the clients asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.paths: list[str] = []
        self.requests: list[object] = []


@contextmanager
def exchange(script: Script, *, asks: bool) -> Iterator[Exchange]:
    """Serve the script; ``asks`` says that a client must subscribe first."""
    port = free_port(0)
    here = Exchange(f"ws://127.0.0.1:{port}")
    over = threading.Event()
    left: Iterator[Sequence[object]] = iter(script)

    def talk(client: ServerConnection) -> None:
        assert client.request is not None
        here.paths.append(client.request.path)
        if asks:
            here.requests.append(json.loads(client.recv(timeout=10)))
        messages = next(left, None)
        for message in messages or []:
            client.send(message if isinstance(message, str) else json.dumps(message))
        if messages is script[-1] or messages is None:
            over.wait(30)
        client.socket.shutdown(socket.SHUT_RDWR)  # without a closing handshake, as a network does

    with serve(_until_closed(talk), "127.0.0.1", port, close_timeout=1) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield here
        finally:
            over.set()
            server.shutdown()
            serving.join()


def _until_closed(talk: Callable[[ServerConnection], None]) -> Callable[[ServerConnection], None]:
    def quietly(client: ServerConnection) -> None:
        try:
            talk(client)
        except (ConnectionClosed, OSError):
            return

    return quietly
