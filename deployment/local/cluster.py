"""Three brokers on this machine, each a controller too: losing one loses neither data nor the quorum."""

import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from deployment.local.jars import jars
from deployment.local.kafka import LocalKafka
from deployment.local.needs import free_port, roomy_folder
from deployment.local.properties import Voter, broker_settings
from stream.errors import MachineError

BROKERS = 3
LEADER_SECONDS = 30.0  # for a partition to have a leader that runs

_HEAP_MB = 256
_NO_LEADER = -1


class LocalCluster:
    """Three brokers that hold every partition; a context manager that stops them.

    bootstrap  "127.0.0.1:port,…", the same over restarts
    nodes      node id → broker
    """

    def __init__(self, nodes: dict[int, LocalKafka]) -> None:
        self.nodes = nodes
        self.bootstrap = ",".join(node.bootstrap for node in nodes.values())

    @classmethod
    def start(cls, *, on_progress: Callable[[str], None] = lambda _: None) -> Self:
        """Start three brokers at once and return when all answer; their data is temporary.

        on_progress  told in one line each what takes time
        Raises MachineError where ports, disk, Java or the jars are lacking.
        """
        class_path = jars(on_progress=on_progress)
        voters = [Voter(node, free_port(0)) for node in range(1, BROKERS + 1)]
        cluster = cls({voter.node: _node(voter.node, voters) for voter in voters})
        try:
            first, *others = cluster.nodes.values()
            first.configure(class_path)
            for node in others:
                node.configure(class_path, like=first)
            for node in cluster.nodes.values():
                node.launch()
            for node in cluster.nodes.values():  # none serves before most are there
                node.wait_started()
        except BaseException:
            cluster.stop()
            raise
        return cluster

    def leader_of(self, topic: str, partition: int, *, other_than: LocalKafka | None = None) -> LocalKafka:
        """Find the running broker that leads a partition; waits while there is none.

        other_than  a broker that is to lead it no more
        Raises MachineError where there is none in ``LEADER_SECONDS``.
        """
        until = time.monotonic() + LEADER_SECONDS
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            while time.monotonic() < until:
                with suppress(KafkaError):  # it may ask the very broker that is lost
                    (described,) = admin.describe_topics([topic])
                    leaders = {place["partition_index"]: place["leader_id"] for place in described["partitions"]}
                    leader = self.nodes.get(leaders.get(partition, _NO_LEADER))
                    if leader is not None and leader.is_running and leader is not other_than:
                        return leader
                time.sleep(0.1)
        finally:
            admin.close()
        raise MachineError(f"Partition {topic}-{partition} has no leader after {LEADER_SECONDS:.0f} s", "Read its logs")

    def stop(self) -> None:
        """Stop all brokers, paused ones too, and remove their data. May be called again."""
        for node in self.nodes.values():
            node.kill()  # in order each would wait for the others to take over what it leads
            node.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _node(node: int, voters: list[Voter]) -> LocalKafka:
    folder = roomy_folder(Path(tempfile.mkdtemp(prefix=f"weir-kafka-{node}-")))
    settings = broker_settings(node=node, port=free_port(0), voters=voters, data=folder / "data")
    return LocalKafka(folder=folder, is_temporary=True, settings=settings, heap_mb=_HEAP_MB)
