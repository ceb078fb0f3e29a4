"""A knock says what is wrong with a door: held to servers of Python's own."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from deployment.certificates import AUTHORITY, BROKER, issue
from stream.errors import AccessError, SettingsError
from stream.knock import knock
from stream.settings import load_settings


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Serve connections on loopback, each by a function; yields how to begin, which gives the address."""
    servers: list[socket.socket] = []

    def begin(answer: Callable[[socket.socket], None]) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def run() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        answer(connection)

        threading.Thread(target=run, daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield begin
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def test_a_certificate_that_nobody_vouches_for_is_named(
    serve: Callable[[Callable[[socket.socket], None]], str], tmp_path: Path
) -> None:
    """The authority in ``ca_file`` is believed, that of another folder is not."""
    for folder in ("ours", "theirs"):
        issue(tmp_path / folder, hosts=["127.0.0.1"], days=1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ours" / BROKER)
    place = serve(lambda connection: context.wrap_socket(connection, server_side=True).close())
    ours, theirs = (ssl.create_default_context(cafile=tmp_path / folder / AUTHORITY) for folder in ("ours", "theirs"))

    knock(place, context=ours, scram=None)
    with pytest.raises(AccessError, match="is not to be trusted"):
        knock(place, context=theirs, scram=None)


def test_a_door_without_tls_is_named(serve: Callable[[Callable[[socket.socket], None]], str]) -> None:
    """A plaintext broker shuts at the first word of TLS."""

    def shut(connection: socket.socket) -> None:
        connection.recv(1)

    place = serve(shut)

    with pytest.raises(AccessError, match="does not speak TLS"):
        knock(place, context=ssl.create_default_context(), scram=None)


def test_a_tls_door_is_named_to_who_speaks_plaintext(serve: Callable[[Callable[[socket.socket], None]], str]) -> None:
    """It answers with an alert of TLS 1.2: fatal, 80."""

    def alert(connection: socket.socket) -> None:
        connection.recv(64)
        connection.sendall(bytes.fromhex("15030300020250"))

    with pytest.raises(AccessError, match="speaks TLS, and refuses plaintext"):
        knock(serve(alert), context=None, scram=None)


def test_nobody_there_is_for_clients_to_wait_for() -> None:
    """A broker that is about to come is no refusal."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        place = f"127.0.0.1:{gone.getsockname()[1]}"
    knock(place, context=None, scram=None)


def test_a_password_in_settings_is_refused_and_not_shown(tmp_path: Path) -> None:
    """It belongs in a file of its own, or in the environment."""
    file = tmp_path / "weir.toml"
    file.write_text('[kafka]\npassword = "hunter2"\n')

    with pytest.raises(SettingsError, match=r"kafka\.password: expected no password in settings") as told:
        load_settings(file, {})
    assert "hunter2" not in str(told.value)
    assert load_settings(None, {"WEIR_KAFKA_PASSWORD": "hunter2"}).kafka.security == "plaintext"


def test_half_a_security_is_refused() -> None:
    """Who names a user would else speak plaintext without knowing."""
    with pytest.raises(SettingsError, match=r"kafka\.security: expected sasl_ssl, as kafka\.username is set"):
        load_settings(None, {"WEIR_KAFKA_USERNAME": "analyst"})
