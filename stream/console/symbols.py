"""The figures of every symbol: the last so many snapshots of each partition, by symbol."""

import threading
from collections import deque

import msgspec

from stream.wire.events import RiskSnapshot

_decode = msgspec.json.Decoder(RiskSnapshot).decode


class Symbols:
    """Written by one thread, asked by others.

    size  snapshots of each partition that are kept, of all its symbols together
    """

    def __init__(self, size: int) -> None:
        self.unreadable = 0
        self._size = size
        self._lock = threading.Lock()
        self._kept: dict[int, deque[RiskSnapshot]] = {}
        self._by_symbol: dict[str, deque[RiskSnapshot]] = {}

    def take(self, partition: int, value: bytes) -> None:
        """Take a record of ``risk``; one of a version we do not know is counted."""
        try:
            snapshot = _decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self.unreadable += 1
            return
        with self._lock:
            kept = self._kept.setdefault(partition, deque())
            if len(kept) == self._size:
                self._drop(kept.popleft())
            kept.append(snapshot)
            self._by_symbol.setdefault(snapshot.symbol, deque()).append(snapshot)

    def _drop(self, oldest: RiskSnapshot) -> None:
        snapshots = self._by_symbol[oldest.symbol]
        snapshots.remove(oldest)
        if not snapshots:
            del self._by_symbol[oldest.symbol]

    def latest(self) -> list[RiskSnapshot]:
        """The newest snapshot of every symbol, by name."""
        with self._lock:
            return [snapshots[-1] for _, snapshots in sorted(self._by_symbol.items())]

    def of(self, symbol: str) -> list[RiskSnapshot]:
        """What is kept of one symbol, oldest first; none for one that is not known."""
        with self._lock:
            return list(self._by_symbol.get(symbol, ()))
