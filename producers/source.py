"""The contract of a source: events in event-time order, from a seed and a configuration.

A plug-in is a class under the entry point group ``weir.producers``; ``producers.contract.check_source`` is the test
that any of them can run. The same seed and configuration give the same events, byte for byte.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from stream.wire.events import Event


class Record(NamedTuple):
    """One event on its way: to which topic, under which key."""

    topic: str
    key: str
    event: Event


@runtime_checkable
class Source(Protocol):
    """Yields records in event-time order (``event.at`` never falls), without end or until its input ends.

    Built as ``Class(seed=…, config=…)``; ``config`` is what stands under ``[producers.NAME]`` in the settings, and
    an unknown or wrong field raises ``SettingsError`` that names it. The first docstring line is shown by
    ``weir sources``.
    """

    def __init__(self, *, seed: int, config: Mapping[str, object]) -> None: ...

    def records(self) -> Iterator[Record]:
        """Yield from the beginning; each call begins anew with the same events."""
        ...
