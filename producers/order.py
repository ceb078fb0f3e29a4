"""Putting drawn records into event-time order."""

from collections.abc import Iterator

import numpy as np

from producers.source import Record


def in_order(records: list[Record]) -> Iterator[Record]:
    """Sort by event time; of the same instant, what stands first in the list comes first."""
    at = np.fromiter((record.event.at for record in records), np.int64, len(records))  # type: ignore[attr-defined]
    return map(records.__getitem__, np.argsort(at, kind="stable").tolist())
