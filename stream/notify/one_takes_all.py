"""One member of a consumer group gets every partition, the others stand by: for work that needs the whole topic."""

from collections.abc import Sequence
from typing import Any

from kafka.coordinator.assignors.abstract import (
    AbstractPartitionAssignor,
    ConsumerProtocolAssignment,
    ConsumerProtocolSubscription,
)

_VERSION = 0


class OneTakesAll(AbstractPartitionAssignor):
    """Gives all to the member whose id is lowest: Kafka drops a dead one, and the next takes over."""

    name = "one-takes-all"

    @classmethod
    def assign(cls, cluster: Any, members: Sequence[Any]) -> dict[str, ConsumerProtocolAssignment]:
        """Assign the partitions of every topic that is subscribed to."""
        topics = sorted({topic for member in members for topic in member.metadata.topics})
        everything = [(topic, sorted(cluster.partitions_for_topic(topic) or ())) for topic in topics]
        first = min(member.member_id for member in members)
        return {
            member.member_id: ConsumerProtocolAssignment(_VERSION, everything if member.member_id == first else [], b"")
            for member in members
        }

    @classmethod
    def metadata(cls, topics: Sequence[str]) -> ConsumerProtocolSubscription:
        """Subscribe to ``topics``."""
        return ConsumerProtocolSubscription(_VERSION, list(topics), b"")

    @classmethod
    def on_assignment(cls, assignment: Any, generation: int) -> None:
        """Nothing is remembered."""
