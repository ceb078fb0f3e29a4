"""Records as they come from Kafka and go to it: slices of one partition in, single records out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stream.wire.columns import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The raw records of one fetch of one partition.

    offset      (n,) strictly increasing, gaps allowed
    produced    (n,) record timestamps, epoch ms
    values      n     bytes, None for a tombstone
    next_offset       after the last record fetched, beyond control records and gaps: what to commit when done
    """

    topic: str
    partition: int
    offset: Ints
    produced: Ints
    values: Sequence[bytes | None]
    next_offset: int

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One record to publish.

    partition  None: by the key's hash
    id         where given, a record of this id already on the topic since the checkpoint is not published again
    """

    topic: str
    value: bytes
    key: bytes | None = None
    partition: int | None = None
    id: str | None = None


def unread(records: Slice, start: int) -> Slice:
    """Leave out the records of a slice that stand before ``start``: their effects are durable."""
    if not len(records) or records.offset[0] >= start:
        return records
    cut = int(np.searchsorted(records.offset, start))
    return Slice(
        topic=records.topic,
        partition=records.partition,
        offset=records.offset[cut:],
        produced=records.produced[cut:],
        values=records.values[cut:],
        next_offset=records.next_offset,
    )
