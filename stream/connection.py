"""How Kafka is reached, said once: settings become what kafka-python and aiokafka take, and errors become words."""

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from kafka.errors import AuthorizationError, KafkaError

from stream.errors import AccessError, MachineError, SettingsError
from stream.knock import knock
from stream.settings import PASSWORD, Kafka

C = TypeVar("C")


def client_options(kafka: Kafka) -> dict[str, Any]:
    """Options of every client of kafka-python and aiokafka, which name them alike.

    Raises SettingsError where there is no password, or a file can't be read.
    """
    options: dict[str, Any] = {"bootstrap_servers": kafka.bootstrap.split(",")}
    if kafka.security == "plaintext":
        return options
    return options | {
        "security_protocol": "SASL_SSL",
        "ssl_context": tls(kafka),
        "sasl_mechanism": kafka.mechanism,
        "sasl_plain_username": kafka.username,
        "sasl_plain_password": password(kafka),
    }


def tls(kafka: Kafka) -> ssl.SSLContext:
    """Whom we trust to be a broker; raises SettingsError where ``kafka.ca_file`` can't be used."""
    try:
        context = ssl.create_default_context(cafile=kafka.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError("kafka.ca_file", f"a PEM file to read ({error.strerror})", kafka.ca_file) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def password(kafka: Kafka) -> str:
    """The password, read now: from ``kafka.password_file``, else from the environment.

    Raises SettingsError where there is none.
    """
    if kafka.password_file:
        try:
            found = Path(kafka.password_file).read_text().strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "no text"
            raise SettingsError("kafka.password_file", f"a file to read ({reason})", kafka.password_file) from None
    else:
        found = os.environ.get(PASSWORD, "")
    if not found:
        raise SettingsError("kafka.password_file", f"a file with the password of {kafka.username}, or {PASSWORD} set")
    return found


def require_admission(kafka: Kafka) -> None:
    """Return unless Kafka is sure to turn us away: then raise AccessError, within a second or two."""
    options = client_options(kafka)
    scram = None
    if kafka.security == "sasl_ssl":
        scram = (kafka.mechanism, kafka.username, options["sasl_plain_password"])
    knock(kafka.bootstrap, context=options.get("ssl_context"), scram=scram)


def connect(client: Callable[..., C], kafka: Kafka, **options: Any) -> C:
    """Make a client of kafka-python.

    client   KafkaConsumer, KafkaProducer or KafkaAdminClient
    options  of it, beside those by which Kafka is reached
    Raises AccessError where Kafka turns us away, MachineError where none answers.
    """
    require_admission(kafka)
    try:
        return client(**client_options(kafka), **options)
    except AuthorizationError as error:
        raise denied(kafka, error) from None
    except (KafkaError, ValueError, OSError):
        raise MachineError(
            f"No Kafka answers at {kafka.bootstrap}", "Start it, or name another with --bootstrap or WEIR_BOOTSTRAP"
        ) from None


def denied(kafka: Kafka, error: KafkaError) -> AccessError:
    """Say which right we lack."""
    who = f"The user {kafka.username!r}" if kafka.username else "Whoever does not say who they are"
    about = f": {error.args[0]}" if error.args and isinstance(error.args[0], str) else ""
    return AccessError(
        f"{who} may not do this at {kafka.bootstrap} ({type(error).__name__.removesuffix('Error')}{about})",
        "Use the user of the fitting role, or grant it: `weir access` shows who may do what",
    )
