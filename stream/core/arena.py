"""The arena: where the rings of a table live, one flat array with a map of its units, grown at most once a batch.

Blocks are found next-fit: a cursor walks the map, so what was left behind has time to become free and to join up.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stream.core.columns import Ints
from stream.core.names import DAY_MS
from stream.core.rings import HORIZON_LIMIT_MS, RING, UNIT, Rows, Words, capacity_for, evict, move
from stream.errors import SettingsError

_CURSOR, _USED = 0, 1
_LONGEST = 30 * DAY_MS  # of the windows


class Arena:
    """The rings of all keys: a record per row, the blocks, and the map of what is taken.

    width        words of an entry
    extra        fields of a record besides those of a ring
    max_history  entries kept of one key
    max_late_ms  how far behind its key's newest event one may come and still see whole windows
    Raises SettingsError where the times kept don't fit into 32 bits.
    """

    def __init__(self, width: int, extra: list[tuple[str, str]], *, max_history: int, max_late_ms: int) -> None:
        self.width = width
        self.max_history = max_history
        self.horizon_ms = _LONGEST + max_late_ms
        if self.horizon_ms > HORIZON_LIMIT_MS:
            most = (HORIZON_LIMIT_MS - _LONGEST) // 1000
            raise SettingsError("payments.max_late_seconds", f"at most {most}", max_late_ms // 1000)
        self.rows: Rows = np.zeros(0, [*RING, *extra])
        self.words: Words = np.zeros(0, np.uint32)
        self._map = np.zeros(0, np.uint8)
        self._place = np.zeros(2, np.int64)  # cursor; units in use

    def add_rows(self, count: int) -> None:
        """Have at least ``count`` rows."""
        if count > self.rows.size:
            self.rows.resize(max(count, self.rows.size * 9 // 8, 64), refcheck=False)

    def make_room(self, rows: Ints, at: Ints) -> None:
        """Make room for one more entry per event; what is beyond the horizon of a row's first event goes.

        rows, at  (n,) row and time of each event, in order; time 0 where nothing may go yet
        """
        wanting = np.empty(rows.size, np.int64)
        count = _plan(self.rows, self.words, self.width, rows, at, self.max_history, self.horizon_ms, wanting)
        if count:
            self._place_blocks(wanting[:count])

    def make_blocks(self, rows: Ints, counts: Ints) -> None:
        """Give each of some distinct rows an empty ring with a block for so many entries."""
        _want(self.rows, rows, counts)
        self._place_blocks(rows)

    def drop(self, row: int) -> None:
        """Empty a row and give its block back."""
        _drop(self.rows, self._map, self._place, row)
        self.rows[row] = np.zeros((), self.rows.dtype)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self.rows.nbytes + self.words.nbytes + self._map.nbytes

    def _place_blocks(self, wanting: Ints) -> None:
        wanted = self.rows["wanted"][wanting] // UNIT
        more = int(wanted.sum()) - int(self.rows["capacity"][wanting].sum()) // UNIT
        needed = int(self._place[_USED]) + more
        if needed > self._map.size * 15 // 16:
            self._grow(needed + needed // 15)
        done = 0
        while done < wanting.size:
            done += _allocate(self.rows, self.words, self.width, self._map, self._place, wanting[done:])
            if done < wanting.size:  # enough is free, but too scattered
                self._grow(self._map.size + int(wanted[done:].sum()))

    def _grow(self, units: int) -> None:
        size = max(units, self._map.size * 9 // 8, 256)
        self._place[_CURSOR] = self._map.size  # what is new is free and in one piece
        self._map.resize(size, refcheck=False)
        self.words.resize(size * UNIT * self.width, refcheck=False)  # realloc: large arrays move without a copy


@njit(cache=True)
def _plan(rows: Rows, words: Words, width: int, which: Ints, at: Ints, limit: int, horizon: int, wanting: Ints) -> int:
    """List the rows whose block is too small or far too large, ``wanted`` says what it should be; returns how many."""
    touched = 0
    for i in range(which.size):
        row = rows[which[i]]
        if row["wanted"] == 0:
            evict(row, words, width, max(row["newest"], at[i]) - horizon)
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


@njit(cache=True)
def _want(rows: Rows, which: Ints, counts: Ints) -> None:
    for i in range(which.size):
        row = rows[which[i]]
        row["count"] = 0
        row["head"] = 0
        row["wanted"] = capacity_for(counts[i])


@njit(cache=True)
def _allocate(rows: Rows, words: Words, width: int, taken: NDArray[np.uint8], place: Ints, wanting: Ints) -> int:
    """Give rows blocks of the wanted size, after one lap of the map at most; returns how many got one."""
    begin = place[_CURSOR]
    end = taken.size
    lapped = False
    for j in range(wanting.size):
        row = rows[wanting[j]]
        units = row["wanted"] // UNIT
        held = row["capacity"] // UNIT
        start = row["start"]
        if not _is_free(taken, start + held, units - held):  # most find room behind themselves
            start = _find(taken, place[_CURSOR], units, end)
            if start < 0 and not lapped:
                lapped = True
                end = begin
                place[_CURSOR] = 0
                start = _find(taken, 0, units, end)
            if start < 0:
                return j
            place[_CURSOR] = start + units
        _mark(taken, row["start"], held, 0)
        _mark(taken, start, units, 1)
        place[_USED] += units - held
        move(row, words, width, start, row["wanted"])
        row["wanted"] = 0
    return wanting.size


@njit(cache=True)
def _is_free(taken: NDArray[np.uint8], begin: int, units: int) -> bool:
    if begin + units > taken.size:
        return False
    return not taken[begin : begin + units].any()


@njit(cache=True)
def _mark(taken: NDArray[np.uint8], begin: int, units: int, used: int) -> None:
    """Mark units free (0), or taken: each tells how far its block goes on, so that a search can leap."""
    for i in range(units):
        taken[begin + i] = used * min(units - i, 255)


@njit(cache=True)
def _find(taken: NDArray[np.uint8], begin: int, units: int, end: int) -> int:
    """First run of free units in ``begin … end``, -1 for none."""
    run = 0
    i = begin
    while i < end:
        if taken[i]:
            i += taken[i]
            run = 0
        else:
            i += 1
            run += 1
            if run == units:
                return i - units
    return -1


@njit(cache=True)
def _drop(rows: Rows, taken: NDArray[np.uint8], place: Ints, which: int) -> None:
    row = rows[which]
    _mark(taken, row["start"], row["capacity"] // UNIT, 0)
    place[_USED] -= row["capacity"] // UNIT
