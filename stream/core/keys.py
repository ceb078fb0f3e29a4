"""Keys to row numbers, and names to 32-bit hashes that are the same in every process."""

import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel
from stream.errors import StateError
from stream.wire.columns import Ints

_BREAK = 10
_OFFSET_BASIS = 0xCBF29CE484222325
_PRIME = 0x100000001B3


class KeyIndex(dict[str, int]):
    """Key → row number; a key that is looked up and unknown gets the next row, or one that was given back."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []  # by row number; "" for a row given back
        self._free: list[int] = []
        self._text_bytes = 0

    def __missing__(self, key: str) -> int:
        self._text_bytes += sys.getsizeof(key)
        if self._free:
            row = self._free.pop()
            self.names[row] = key
        else:
            row = len(self.names)
            self.names.append(key)
        self[key] = row
        return row

    def rows_of(self, keys: Sequence[str]) -> Ints:
        """Find the row of each key ``(n,)``, new rows for new keys in their order."""
        return np.fromiter(map(self.__getitem__, keys), np.int64, len(keys))

    def give_back(self, key: str) -> int:
        """Forget a known key and return its row, which a later key may get."""
        row = self.pop(key)
        self._text_bytes -= sys.getsizeof(key)
        self.names[row] = ""
        self._free.append(row)
        return row

    @property
    def nbytes(self) -> int:
        """Bytes held: hash table, names, and the texts of the keys."""
        return sys.getsizeof(self) + sys.getsizeof(self.names) + sys.getsizeof(self._free) + self._text_bytes


def name_hashes(names: Sequence[str]) -> NDArray[np.uint32]:
    """Hash each name to 32 bits ``(n,)``.

    names  n  none with a line break, which the codec refuses
    Raises StateError where there is one. Source: Fowler, Noll & Vo (FNV-1a, 64 bits, folded to 32 by xor).
    """
    hashes = np.zeros(len(names), np.uint32)
    if names and _hash_lines(np.frombuffer("\n".join(names).encode(), np.uint8), hashes) != len(names):
        raise StateError("name", "no line break", "one with a line break")
    return hashes


@kernel
def _hash_lines(text: NDArray[np.uint8], hashes: NDArray[np.uint32]) -> int:
    """Hash each line of ``text`` into ``hashes`` and return how many lines there are."""
    lines = 0
    value = np.uint64(_OFFSET_BASIS)
    for i in range(text.size + 1):
        if i == text.size or text[i] == _BREAK:
            if lines < hashes.size:
                hashes[lines] = np.uint32(value ^ (value >> np.uint64(32)))
            lines += 1
            value = np.uint64(_OFFSET_BASIS)
        else:
            value = (value ^ np.uint64(text[i])) * np.uint64(_PRIME)
    return lines
