"""A knock at Kafka's door before a client is made: what is wrong is said at once, and in words.

Clients take a wrong password, a foreign certificate and a plaintext door for a broker that is slow to answer: they try
again until their patience ends, and then say that nobody answered. A knock says which of these it is. Where a broker
doesn't answer at all it says nothing: that may pass, and clients are good at waiting.
"""

import socket
import ssl
import struct
import time
from collections.abc import Iterator
from contextlib import suppress

from kafka.net.sasl.scram import ScramClient

from stream.errors import AccessError

KNOCK_SECONDS = 1.0  # for a connection
ANSWER_SECONDS = 0.5  # for each answer; more is for clients to wait
AGAIN_SECONDS = 0.2  # before the second knock, at a door that shut without a word
_HANDSHAKE, _AUTHENTICATE, _VERSIONS = 17, 36, 18  # Kafka's numbers of requests
_UNSUPPORTED_MECHANISM, _WRONG = 33, 58  # and of errors
_TLS_ALERT = b"\x15\x03"  # how a TLS server answers to what is no TLS


def knock(bootstrap: str, *, context: ssl.SSLContext | None, scram: tuple[str, str, str] | None) -> None:
    """Return unless a broker turns us away for good, which raises AccessError.

    bootstrap  host:port[,host:port]; the first that takes a connection is asked
    context    of TLS; None: we speak plaintext
    scram      mechanism, user and password; None: without
    """
    for host, port in _addresses(bootstrap):
        with suppress(OSError):
            for is_last in (False, True):
                with socket.create_connection((host, port), timeout=KNOCK_SECONDS) as plain:
                    plain.settimeout(ANSWER_SECONDS)
                    if _is_open(plain, f"{host}:{port}", host, context, scram, is_last=is_last):
                        return
                time.sleep(AGAIN_SECONDS)


def _addresses(bootstrap: str) -> Iterator[tuple[str, int]]:
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        if port.isdecimal():
            yield host.strip("[]"), int(port)


def _is_open(
    plain: socket.socket,
    place: str,
    host: str,
    context: ssl.SSLContext | None,
    scram: tuple[str, str, str] | None,
    *,
    is_last: bool,
) -> bool:
    """Tell whether we were let in; False where a broker that just ends would look the same as one without TLS."""
    if context is None:
        _require_plaintext(plain, place)
        return True
    try:
        with context.wrap_socket(plain, server_hostname=host) as secured:
            if scram is not None:
                _introduce(secured, place, *scram)
    except ssl.SSLCertVerificationError as error:
        raise AccessError(
            f"The certificate of {place} is not to be trusted: {error.verify_message}",
            "Set kafka.ca_file to who vouches for it, and name the broker as its certificate does",
        ) from None
    except (ssl.SSLError, ConnectionResetError):  # a plaintext broker closes at the first word of TLS
        if not is_last:
            return False
        raise AccessError(
            f"{place} does not speak TLS", 'Set kafka.security = "plaintext", or name its TLS port by --bootstrap'
        ) from None
    return True


def _require_plaintext(plain: socket.socket, place: str) -> None:
    """Ask for the versions it knows, as every client does first: a TLS door answers with an alert."""
    plain.sendall(_frame(_VERSIONS, 0, b""))
    if plain.recv(2) == _TLS_ALERT:
        raise AccessError(
            f"{place} speaks TLS, and refuses plaintext",
            'Set kafka.security = "sasl_ssl", kafka.username, kafka.ca_file and the password (docs/security.md)',
        )


def _introduce(secured: ssl.SSLSocket, place: str, mechanism: str, user: str, password: str) -> None:
    code, _ = _ask(secured, _HANDSHAKE, 1, _text(mechanism))
    if code == _UNSUPPORTED_MECHANISM:
        raise AccessError(f"{place} does not take {mechanism}", "Set kafka.mechanism to one that it takes")
    client = ScramClient(user, password, mechanism)
    code, answer = _ask(secured, _AUTHENTICATE, 0, _bytes(client.first_message()))
    if not code:
        client.process_server_first_message(_proof(answer))
        code, answer = _ask(secured, _AUTHENTICATE, 0, _bytes(client.final_message()))
    if code == _WRONG:
        raise AccessError(
            f"{place} refuses the user {user!r}: wrong name or password",
            "Correct kafka.username and kafka.password_file (or WEIR_KAFKA_PASSWORD)",
        )
    if not code:
        try:
            client.process_server_final_message(_proof(answer))
        except ValueError:
            raise AccessError(
                f"{place} does not know the password of {user!r} itself",
                "Ask who stands there: it is no broker of ours",
            ) from None


def _ask(connection: socket.socket, api: int, version: int, body: bytes) -> tuple[int, bytes]:
    """Send a request; its error code and the rest of its answer."""
    connection.sendall(_frame(api, version, body))
    (size,) = struct.unpack(">i", _read(connection, 4))
    answer = _read(connection, size)
    (code,) = struct.unpack_from(">h", answer, 4)  # after the number of the request
    return code, answer[6:]


def _proof(answer: bytes) -> bytes:
    """The bytes of an answer to ``SaslAuthenticate``, which stand behind its error message."""
    (length,) = struct.unpack_from(">h", answer)
    start = 2 + max(length, 0)
    (size,) = struct.unpack_from(">i", answer, start)
    return answer[start + 4 : start + 4 + size]


def _frame(api: int, version: int, body: bytes) -> bytes:
    request = struct.pack(">hhi", api, version, 1) + _text("weir-knock") + body
    return struct.pack(">i", len(request)) + request


def _text(text: str) -> bytes:
    return struct.pack(">h", len(text.encode())) + text.encode()


def _bytes(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data


def _read(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise ConnectionAbortedError
        parts += part
    return bytes(parts)
