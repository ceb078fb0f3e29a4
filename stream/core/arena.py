"""The arena: where the rings of a table live, one flat array in pages, each page with blocks of one size.

The blocks of a size stand side by side without a hole: the last one moves into the place of one given back. So what
is held is what is needed, a block is found at once, and a page that becomes empty serves any size.
"""

import numpy as np

from models.compiled import kernel
from stream.core.names import DAY_MS
from stream.core.rings import HORIZON_LIMIT_MS, RING, UNIT, Rows, Words, capacity_for, evict, move
from stream.errors import SettingsError
from stream.wire.columns import Ints

_LONGEST = 30 * DAY_MS  # of the windows
_PAGE = 8_192  # words, or one block of the largest size: larger ones stand half empty, smaller ones fit blocks badly
_GROWTH = 1_048_576  # words at most, beyond what is asked for
_NONE = -1


def horizon_for(max_late_ms: int) -> int:
    """How long entries are kept that the longest window may need, in ms.

    max_late_ms  how far behind its key's newest event one may come and still see whole windows
    Raises SettingsError where such times don't fit into 32 bits.
    """
    if _LONGEST + max_late_ms > HORIZON_LIMIT_MS:
        most = (HORIZON_LIMIT_MS - _LONGEST) // 1000
        raise SettingsError("payments.max_late_seconds", f"at most {most}", max_late_ms // 1000)
    return _LONGEST + max_late_ms


class Arena:
    """The rings of all keys: a record per row, and the pages with their blocks.

    A block is the number of its row and then the columns of its ring.

    width        words of an entry
    extra        fields of a record besides those of a ring
    max_history  entries kept of one key
    horizon_ms   how long they are kept, behind the newest of the key, at most ``HORIZON_LIMIT_MS``
    """

    def __init__(self, width: int, extra: list[tuple[str, str]], *, max_history: int, horizon_ms: int) -> None:
        self.width = width
        self.max_history = max_history
        self.horizon_ms = horizon_ms
        self.rows: Rows = np.zeros(0, [*extra, *RING])  # last, so that numba takes no kind of row for a part of another
        self.words: Words = np.zeros(0, np.uint32)
        largest = capacity_for(max_history)
        self._page = max(_PAGE, 1 + largest * width)
        self._sizes = np.zeros((largest // UNIT + 1, 2), np.int64)  # by units: last page of this size, blocks in it
        self._sizes[:, 0] = _NONE
        self._before = np.zeros(0, np.int64)  # by page: the page of this size before it, or the next free page
        self._free = np.full(1, _NONE, np.int64)  # first free page

    def add_rows(self, count: int) -> None:
        """Have at least ``count`` rows."""
        if count > self.rows.size:
            self.rows.resize(max(count, self.rows.size * 9 // 8, 64), refcheck=False)

    def make_room(self, rows: Ints, at: Ints) -> None:
        """Make room for one more entry per event; what is beyond the horizon of a row's first event goes.

        rows, at  (n,) row and time of each event, in order; time 0 where nothing may go yet
        """
        wanting = np.empty(rows.size, np.int64)
        count = _plan(self.rows, self.words, rows, at, self.max_history, self.horizon_ms, wanting)
        self._place_blocks(wanting[:count])

    def make_blocks(self, rows: Ints, counts: Ints) -> None:
        """Give each of some distinct rows an empty ring with a block for so many entries."""
        _want(self.rows, rows, counts)
        self._place_blocks(rows)

    def drop(self, row: int) -> None:
        """Empty a row and give its block back."""
        _give_back(self.rows, self.words, self.width, self._page, self._sizes, self._before, self._free, row)
        self.rows[row] = np.zeros((), self.rows.dtype)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self.rows.nbytes + self.words.nbytes + self._before.nbytes + self._sizes.nbytes

    def _place_blocks(self, wanting: Ints) -> None:
        done = 0
        while done < wanting.size:
            done += _allocate(
                self.rows, self.words, self.width, self._page, self._sizes, self._before, self._free, wanting[done:]
            )
            if done < wanting.size:
                rows = self.rows[wanting[done:]]
                more = int(rows["wanted"].sum()) - int(rows["capacity"].sum())  # what they leave is free for the next
                self._grow(max(more, 0) * self.width)

    def _grow(self, words: int) -> None:
        """Add free pages for so many words at least."""
        count = self._before.size
        pages = (words + min(self.words.size // 32, _GROWTH)) // self._page + 1
        self._before.resize(count + pages, refcheck=False)
        self._before[count:] = np.arange(count + 1, count + pages + 1)
        self._before[-1] = self._free[0]
        self._free[0] = count
        self.words.resize((count + pages) * self._page, refcheck=False)  # realloc: large arrays move without a copy


@kernel
def _plan(rows: Rows, words: Words, which: Ints, at: Ints, limit: int, horizon: int, wanting: Ints) -> int:
    """List the rows whose block is too small or far too large, ``wanted`` says what it should be; returns how many."""
    touched = 0
    for i in range(which.size):
        row = rows[which[i]]
        if row["wanted"] == 0:
            evict(row, words, max(row["newest"], at[i]) - horizon)
            wanting[touched] = which[i]
            touched += 1
        row["wanted"] += 1
    count = 0
    for j in range(touched):
        row = rows[wanting[j]]
        capacity = capacity_for(min(row["count"] + row["wanted"], limit))
        row["wanted"] = 0
        if row["capacity"] < capacity or row["capacity"] > capacity + capacity // 4 + UNIT:
            row["wanted"] = capacity
            wanting[count] = wanting[j]
            count += 1
    return count


@kernel
def _want(rows: Rows, which: Ints, counts: Ints) -> None:
    for i in range(which.size):
        row = rows[which[i]]
        row["count"] = 0
        row["head"] = 0
        row["wanted"] = capacity_for(counts[i])


@kernel
def _allocate(
    rows: Rows, words: Words, width: int, page_words: int, sizes: Ints, before: Ints, free: Ints, wanting: Ints
) -> int:
    """Move rows to blocks of the wanted size while there are pages; returns how many got one."""
    for j in range(wanting.size):
        row = rows[wanting[j]]
        capacity = row["wanted"]
        start = 0
        if capacity:
            size = sizes[capacity // UNIT]
            block = 1 + capacity * width
            if size[0] == _NONE or size[1] == page_words // block:
                page = free[0]
                if page == _NONE:
                    return j
                free[0] = before[page]
                before[page] = size[0]
                size[0] = page
                size[1] = 0
            start = size[0] * page_words + size[1] * block
            size[1] += 1
            words[start] = wanting[j]
            start += 1
        old_start, old_capacity = row["start"], row["capacity"]
        move(row, words, width, start, capacity)
        row["wanted"] = 0
        _close(rows, words, width, page_words, sizes, before, free, old_start, old_capacity)
    return wanting.size


@kernel
def _close(
    rows: Rows,
    words: Words,
    width: int,
    page_words: int,
    sizes: Ints,
    before: Ints,
    free: Ints,
    start: int,
    capacity: int,
) -> None:
    """Take a block back: the last one of its size moves into its place."""
    if capacity == 0:
        return
    size = sizes[capacity // UNIT]
    block = 1 + capacity * width
    page = size[0]
    size[1] -= 1
    last = page * page_words + size[1] * block
    if last != start - 1:
        for i in range(block):
            words[start - 1 + i] = words[last + i]
        rows[words[last]]["start"] = start
    if size[1] == 0:
        size[0] = before[page]
        size[1] = page_words // block
        before[page] = free[0]
        free[0] = page


@kernel
def _give_back(
    rows: Rows, words: Words, width: int, page_words: int, sizes: Ints, before: Ints, free: Ints, which: int
) -> None:
    row = rows[which]
    _close(rows, words, width, page_words, sizes, before, free, row["start"], row["capacity"])
