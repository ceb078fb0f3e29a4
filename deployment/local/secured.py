"""The embedded Kafka with its doors shut: who comes must be known, by TLS, and may do what a list says, no more."""

from pathlib import Path

from deployment.certificates import AUTHORITY, BROKER, BROKER_NAME

ADMIN = "admin"  # the one user who may do all: makes topics, users and lists


def secured(settings: dict[str, object], *, certificates: Path, port: int) -> dict[str, object]:
    """Settings of a broker over those of an open one: SCRAM over TLS for clients, certificates among brokers.

    settings      of ``broker_settings``, with its listeners PLAINTEXT and CONTROLLER
    certificates  folder of ``deployment.certificates``
    port          free, for the other brokers
    """
    client = str(settings["advertised.listeners"]).removeprefix("PLAINTEXT://")
    controller = str(settings["listeners"]).rpartition("CONTROLLER://")[2]
    store = {"ssl.keystore.type": "PEM", "ssl.keystore.location": certificates / BROKER}
    trust = {"ssl.truststore.type": "PEM", "ssl.truststore.location": certificates / AUTHORITY}
    doors = ("client", "broker", "controller")
    return settings | {
        "listeners": f"CLIENT://{client},BROKER://127.0.0.1:{port},CONTROLLER://{controller}",
        "advertised.listeners": f"CLIENT://{client},BROKER://127.0.0.1:{port}",
        "listener.security.protocol.map": "CLIENT:SASL_SSL,BROKER:SSL,CONTROLLER:SSL",
        "inter.broker.listener.name": "BROKER",
        "listener.name.client.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.client.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "listener.name.broker.ssl.client.auth": "required",
        "listener.name.controller.ssl.client.auth": "required",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:{ADMIN};User:CN={BROKER_NAME}",
        **{f"listener.name.{door}.{name}": value for door in doors for name, value in (store | trust).items()},
    }
