"""A secured Kafka with everyone who comes to it: certificates, the administrator, and a user for each role."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
from kafka import KafkaAdminClient

from deployment.certificates import AUTHORITY, BROKER, issue
from deployment.local.kafka import LocalKafka
from deployment.local.secured import ADMIN
from stream.access import ROLES, rights
from stream.agents.topics import admin_of
from stream.granting import grant, set_password
from stream.settings import Settings

_HOSTS = ("localhost", "127.0.0.1")
_DAYS = 7.0


@contextmanager
def secured_kafka(
    settings: Settings,
    secrets: Path,
    *,
    folder: Path | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Iterator[dict[str, Settings]]:
    """Start a secured Kafka; yield the settings by which each role, and the administrator, comes to it.

    settings     name prefix and group, which rights are about
    secrets      folder of the certificates and of a password file for each user; what stands there is used again
    folder       of the broker's data; None: removed on stop
    on_progress  told in one line each what takes time
    Raises MachineError where none can be started.
    """
    issue(secrets, hosts=_HOSTS, days=_DAYS)
    with LocalKafka.start(folder=folder, certificates=secrets, on_progress=on_progress) as broker:
        with closing(_known_by_certificate(broker, secrets)) as admin:
            set_password(admin, settings.kafka, ADMIN, secrets)
        known = {name: _as(name, settings, broker, secrets) for name in (ADMIN, *(role.name for role in ROLES))}
        with closing(admin_of(known[ADMIN].kafka)) as admin:
            for role in ROLES:
                set_password(admin, settings.kafka, role.name, secrets)
                grant(admin, role.name, rights(role, settings))
        yield known


def _known_by_certificate(broker: LocalKafka, secrets: Path) -> KafkaAdminClient:
    """Come in by the door of the brokers, as one of them: there is no user yet."""
    door = str(broker.settings["listeners"]).partition("BROKER://")[2].partition(",")[0]
    return KafkaAdminClient(
        bootstrap_servers=door,
        security_protocol="SSL",
        ssl_cafile=str(secrets / AUTHORITY),
        ssl_certfile=str(secrets / BROKER),
        ssl_keyfile=str(secrets / BROKER),
    )


def _as(user: str, settings: Settings, broker: LocalKafka, secrets: Path) -> Settings:
    kafka = msgspec.structs.replace(
        settings.kafka,
        bootstrap=broker.bootstrap,
        security="sasl_ssl",
        username=user,
        password_file=str(secrets / f"{user}.password"),
        ca_file=str(secrets / AUTHORITY),
    )
    return msgspec.structs.replace(settings, kafka=kafka)
