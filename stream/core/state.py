"""What a table of one partition must do so that the agents can make it durable; the core never sees a changelog."""

from collections.abc import Sequence
from typing import Protocol


class PartitionState(Protocol):
    """Rows of one partition, found by key, and one checkpoint.

    A row carries the position of the last event applied to it, so an event that comes again changes nothing.
    The checkpoint says from where to read on, and is written after the rows it vouches for.
    """

    checkpoint: bytes  # opaque to the table; b"" before the first

    def take_dirty(self) -> tuple[list[bytes], Sequence[bytes | None]]:
        """Copy the rows changed since the last call as ``(keys, values)``, now clean; None: the key is gone."""
        ...

    def load(self, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        """Put rows back as ``take_dirty`` gave them, in changelog order: the last of a key wins, None deletes."""
        ...

    def __len__(self) -> int:
        """Number of keys."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes held, arrays and index."""
        ...
