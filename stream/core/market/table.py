"""The table of symbols of one partition: rows found by name, made durable by the agents."""

from collections.abc import Sequence

import numpy as np

from stream.core.layout import Layout
from stream.core.market.row import NONE, ROW, Rows, blank_rows
from stream.errors import StateError
from stream.wire.columns import Ints

_FIRST_SIZE = 28_498  # bytes of a row of layout 1, which once bore no number
_FEED_SIZE = 80  # bytes that layout 2 has more: the health of the feed, of which nothing was known


class SymbolTable:
    """Implements ``PartitionState``. Grows by doubling up to ``max_symbols`` rows; beyond, new symbols get none."""

    LAYOUT = Layout("market row", lambda row: row + bytes(_FEED_SIZE), is_bare=lambda row: len(row) == _FIRST_SIZE)

    def __init__(self, *, max_symbols: int) -> None:
        self.checkpoint = b""
        self.rows: Rows = blank_rows(min(64, max_symbols))
        self.dirty: Ints = np.zeros(self.rows.size, np.int64)
        self.names: list[str] = []
        self._max_symbols = max_symbols
        self._index: dict[str, int] = {}

    def find(self, symbols: Sequence[str]) -> Ints:
        """Row of each symbol ``(n,)``, a new one where it is unknown; -1 where the table is full."""
        index = self._index
        try:
            return np.fromiter(map(index.__getitem__, symbols), np.int64, len(symbols))
        except KeyError:
            for symbol in dict.fromkeys(symbols):
                if symbol not in index:
                    self._add(symbol)
        return np.fromiter((index.get(symbol, NONE) for symbol in symbols), np.int64, len(symbols))

    def take_dirty(self) -> tuple[list[bytes], list[bytes]]:
        """Copy the rows changed since the last call, keyed by symbol."""
        changed = np.flatnonzero(self.dirty[: len(self.names)]).tolist()
        self.dirty[:] = 0
        return [self.names[k].encode() for k in changed], [self.LAYOUT.head + self.rows[k].tobytes() for k in changed]

    def load(self, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        """Put rows back. Raises StateError for a value of an unknown layout or of a wrong length."""
        for key, value in zip(keys, values, strict=True):
            symbol = key.decode()
            k = self._index.get(symbol, NONE)
            if k == NONE:
                k = self._add(symbol)
            body = blank_rows(1).tobytes() if value is None else self.LAYOUT.body(value)
            if len(body) != ROW.itemsize:
                raise StateError(self.LAYOUT.kind, f"{ROW.itemsize} bytes", len(body))
            self.rows[k] = np.frombuffer(body, ROW)[0]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def nbytes(self) -> int:
        """Bytes held: rows, marks, and about 150 of name and index a symbol."""
        return int(self.rows.nbytes + self.dirty.nbytes + 150 * len(self.names))

    def _add(self, symbol: str) -> int:
        k = len(self.names)
        if k == self._max_symbols:
            return NONE
        if k == self.rows.size:
            more = min(k, self._max_symbols - k)
            self.rows = np.concatenate((self.rows, blank_rows(more)))
            self.dirty = np.concatenate((self.dirty, np.zeros(more, np.int64)))
        self._index[symbol] = k
        self.names.append(symbol)
        return k
