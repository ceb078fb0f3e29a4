"""The proxy on real sockets: what is sent arrives, in order, when the link lets it."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment.local.needs import free_port
from deployment.local.properties import Detour
from deployment.local.proxy import Proxy
from stream.errors import MachineError

SHORT_SECONDS = 0.3  # in which nothing may arrive


class Echo:
    """A server that sends back what it gets."""

    def __init__(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    @staticmethod
    def _answer(connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(1 << 18):
                connection.sendall(data)

    def close(self) -> None:
        """Listen no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def detour() -> Iterator[Detour]:
    """Two ports, with an echo behind the second."""
    ports = Detour(listen=free_port(0), forward=free_port(0))
    echo = Echo(ports.forward)
    yield ports
    echo.close()


def connected(detour: Detour) -> socket.socket:
    """Connect by the detour."""
    return socket.create_connection(("127.0.0.1", detour.listen), timeout=10)


def read(client: socket.socket, size: int) -> bytes:
    """Read exactly so many bytes."""
    data = bytearray()
    while len(data) < size and (chunk := client.recv(1 << 18)):
        data += chunk
    return bytes(data)


def test_what_is_sent_arrives_unchanged_and_in_order(detour: Detour) -> None:
    """Twenty megabytes there and back are the same twenty megabytes."""
    sent = bytes(range(256)) * (20_000_000 // 256)
    with Proxy.start(detour), connected(detour) as client:
        writing = threading.Thread(target=client.sendall, args=(sent,))
        writing.start()
        received = read(client, len(sent))
        writing.join()

    assert received == sent


def test_a_cut_link_carries_nothing_and_delivers_once_mended(detour: Detour) -> None:
    """A connection stays through the cut, silent; a new one is taken and hangs; both go on when it is mended."""
    with Proxy.start(detour) as proxy, connected(detour) as old:
        old.sendall(b"a")
        before = read(old, 1)

        proxy.cut()
        old.sendall(b"b")
        with connected(detour) as new:
            new.sendall(b"c")
            old.settimeout(SHORT_SECONDS)
            new.settimeout(SHORT_SECONDS)
            with pytest.raises(TimeoutError):
                old.recv(1)
            with pytest.raises(TimeoutError):
                new.recv(1)
            proxy.mend()
            old.settimeout(10)
            new.settimeout(10)
            after = read(old, 1), read(new, 1)

    assert (before, after) == (b"a", (b"b", b"c"))


def test_a_connection_ended_during_a_cut_is_ended_for_the_other_side_when_mended(detour: Detour) -> None:
    """Neither the last bytes nor the end pass a cut; both arrive, in this order, after it."""
    seen: list[bytes] = []
    heard = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        behind = Detour(listen=detour.listen, forward=listener.getsockname()[1])
        with Proxy.start(behind) as proxy, connected(behind) as client:
            client.sendall(b"1")
            server, _ = listener.accept()

            def hear() -> None:
                with server:
                    while data := server.recv(10):
                        seen.append(data)
                heard.set()

            threading.Thread(target=hear, daemon=True).start()
            proxy.cut()
            client.sendall(b"2")
            client.close()

            assert not heard.wait(SHORT_SECONDS)
            proxy.mend()
            assert heard.wait(10)

    assert b"".join(seen) == b"12"


def test_delayed_bytes_are_pipelined(detour: Detour) -> None:
    """Twenty messages sent at once take two delays there and back, not twenty times as long."""
    with Proxy.start(detour) as proxy, connected(detour) as client:
        proxy.delay(100)
        began = time.monotonic()
        for number in range(20):
            client.sendall(b"%02d" % number)
            time.sleep(0.002)  # so that they travel one by one
        received = read(client, 40)
        seconds = time.monotonic() - began

    assert received == b"".join(b"%02d" % number for number in range(20))
    assert 0.2 <= seconds < 2.0


def test_a_throttled_link_is_shared_by_its_connections(detour: Detour) -> None:
    """Two connections that send 100 kB each at 400 kB/s take half a second together, and neither waits for the other.

    There and back overlap, so the way there alone decides; the last piece travels back alone.
    """
    done: dict[int, float] = {}
    with Proxy.start(detour) as proxy:
        clients = [connected(detour), connected(detour)]
        proxy.throttle(400_000)
        began = time.monotonic()

        def echo(which: int) -> None:
            clients[which].sendall(bytes(100_000))
            read(clients[which], 100_000)
            done[which] = time.monotonic() - began

        threads = [threading.Thread(target=echo, args=(which,)) for which in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()

    assert min(done.values()) > 0.4  # alone it would have been done after 0.25 s
    assert max(done.values()) >= 0.5


def test_who_comes_while_nobody_is_behind_is_turned_away() -> None:
    """The broker is down: a connection by the detour ends at once, and one is forwarded when it is back."""
    ports = Detour(listen=free_port(0), forward=free_port(0))
    with Proxy.start(ports):
        with connected(ports) as refused:
            try:
                ended = refused.recv(1)
            except ConnectionResetError:
                ended = b""
        echo = Echo(ports.forward)
        with connected(ports) as client:
            client.sendall(b"x")
            answered = read(client, 1)
        echo.close()

    assert (ended, answered) == (b"", b"x")


def test_an_idle_link_costs_nothing(detour: Detour) -> None:
    """With twenty connections open and nothing said, half a second costs no measurable CPU time."""
    with Proxy.start(detour) as proxy:
        clients = [connected(detour) for _ in range(20)]
        for client in clients:
            client.sendall(b"x")
            read(client, 1)
        before = cpu_ticks(proxy.pid)
        time.sleep(0.5)
        used = cpu_ticks(proxy.pid) - before
        for client in clients:
            client.close()

    assert used <= 1  # hundredths of a second


def cpu_ticks(pid: int) -> int:
    """User and system time of a process (proc(5): fields 14 and 15 of ``stat``)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_taken_port_is_refused() -> None:
    """Somebody listens there already: it is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(MachineError, match=rf"^Port {port} of 127.0.0.1 can't be listened on"):
            Proxy.start(Detour(listen=port, forward=1))
