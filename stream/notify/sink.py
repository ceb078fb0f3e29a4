"""The contract of a sink: where notices go. Ours and a stranger's are found by the entry points ``weir.sinks``."""

from collections.abc import Mapping
from typing import Protocol

from stream.errors import WeirError
from stream.wire.triage import Notice


class NotTakenError(WeirError):
    """A sink did not take a notice: why, in words without secrets, and whether trying again is of no use."""

    def __init__(self, why: str, *, is_final: bool = False) -> None:
        super().__init__(why, is_final)
        self.why, self.is_final = why, is_final

    def __str__(self) -> str:
        return self.why


class Sink(Protocol):
    """One receiver, called from one thread. The first line of its docstring is shown by ``weir notify --sinks``.

    name    of its table, ``[notify.sinks.NAME]``
    config  what stands there, without ``type``
    Raises SettingsError for a field it does not know or can't use.
    """

    def __init__(self, *, name: str, config: Mapping[str, object]) -> None: ...

    def deliver(self, notice: Notice) -> None:
        """Return once the receiver has taken the notice for good; raise NotTakenError where it has not.

        Called again with the same notice after a failure, with growing pauses. It may wait for an answer some seconds,
        never without end: while it does, nothing else is told to this sink.
        """

    def close(self) -> None:
        """Let go of connections and files."""
