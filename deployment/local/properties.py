"""Broker settings that differ from Kafka's own: little memory, no waiting, nothing made that nobody asked for."""

from pathlib import Path
from typing import NamedTuple


class Detour(NamedTuple):
    """A second way to a broker, through somebody who listens between: who takes it is sent back to it by the broker.

    listen   port that the broker tells clients which come this way; whoever stands between listens there
    forward  port of the broker that they forward to
    """

    listen: int
    forward: int


class Voter(NamedTuple):
    """One member of the controller quorum: node id and the port of its controller."""

    node: int
    port: int


def broker_settings(
    *, node: int, port: int, voters: list[Voter], data: Path, detour: Detour | None = None
) -> dict[str, object]:
    """Settings of a node that is broker and controller, all on 127.0.0.1.

    node    its id, one of ``voters``; these are static: a kept folder may change its ports
    port    for clients
    data    folder of its logs
    detour  a second listener; None: one is enough
    """
    controller = dict(voters)[node]
    listeners = {"PLAINTEXT": port, "CONTROLLER": controller} | ({"DETOUR": detour.forward} if detour else {})
    advertised = {"PLAINTEXT": port} | ({"DETOUR": detour.listen} if detour else {})
    return {
        "process.roles": "broker,controller",
        "node.id": node,
        "listeners": _addresses(listeners),
        "advertised.listeners": _addresses(advertised),
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in listeners),
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": ",".join(f"{voter.node}@127.0.0.1:{voter.port}" for voter in voters),
        "log.dirs": data,
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 3000,  # a killed broker is let in again after as long
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,  # so that a crash can be noticed soon
        "group.coordinator.append.linger.ms": 0,
        "message.max.bytes": 1_200_000,  # a record of 1 MiB must arrive, to become a dead letter
        "replica.fetch.max.bytes": 1_200_000,
        "log.cleaner.dedupe.buffer.size": 16 * 2**20,
        "log.segment.delete.delay.ms": 1000,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 2,
    } | replicated(len(voters))


def replicated(brokers: int) -> dict[str, object]:
    """Settings of what is kept how often: on every broker, and written once all but one of them hold it.

    With one broker that is once.
    """
    enough = max(1, brokers - 1)
    return {
        "default.replication.factor": brokers,
        "min.insync.replicas": enough,  # of the offsets' topic too
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": brokers,
        "transaction.state.log.num.partitions": 4,
        "transaction.state.log.replication.factor": brokers,
        "transaction.state.log.min.isr": enough,
        "share.coordinator.state.topic.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": brokers,
        "share.coordinator.state.topic.min.isr": enough,
    }


def _addresses(listeners: dict[str, int]) -> str:
    return ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners.items())
