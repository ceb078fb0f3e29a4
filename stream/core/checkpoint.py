"""What the checkpoint of every stage says: for how many partitions its state was made, and what stands on its outputs.

A key belongs to the partition that its hash names among so many, so with another count the same keys would meet other
partitions, and their histories would be cut in two without anybody noticing.
"""

from stream.core.layout import Stored
from stream.errors import StateError


class Checkpoint(Stored, frozen=True):
    """Common beginning of all checkpoints.

    partitions  of every topic, as the state was made; 0 unknown (layout 1)
    written     output topic → next offset of this partition after the last record that Kafka acknowledged
    """

    partitions: int
    written: dict[str, int]

    def check(self, stage: str, partitions: int) -> None:
        """Refuse state that was made for another number of partitions than ``kafka.partitions``: StateError."""
        if self.partitions not in (0, partitions):
            raise StateError(
                f"{stage} checkpoint",
                f"state made for {partitions} partitions (kafka.partitions)",
                f"{self.partitions}",
                "Keys would meet other partitions than their histories: set kafka.partitions and the topics back, or "
                "start a new prefix and group (kafka.prefix, kafka.group) and read the stream again",
            )
