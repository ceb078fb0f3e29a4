"""What a terminal partition remembers: the terminals' windows, and when it last told an alert about whom."""

from collections.abc import Sequence
from typing import TypeAlias

from stream.core.layout import Packed, Stored
from stream.core.terminals import TerminalTable

COOLDOWN = b"\x00cooldown:"  # no id begins with NUL, so the two kinds of rows cannot meet
Position: TypeAlias = tuple[int, int, int]  # (seq, origin, offset)


class Told(Stored, frozen=True):
    """The last alert about an entity: its place in the total order and its event time, epoch ms."""

    position: Position
    at: int


TOLD = Packed("terminals cooldown", Told)


class Cooldowns:
    """Entity → its last alert, in the order they were told. Rare rows, so a plain dict; expired ones are forgotten.

    Event time only, one decision at a time: the same events give the same rows, however they are batched.
    """

    def __init__(self) -> None:
        self._told: dict[str, Told] = {}
        self._dirty: set[str] = set()
        self._in_order = True

    def may_tell(self, entity: str, position: Position, at: int, *, cooldown_ms: int, late_ms: int) -> bool:
        """Decide whether an alert may be told now, and remember it if so.

        position  of its cause; the same cause again, after a crash, is decided as before
        late_ms   how far event time may fall behind: so much longer an alert is remembered
        """
        last = self._told.get(entity)
        if last is not None and position != last.position and at - last.at < cooldown_ms:
            return False
        self._forget_before(position[0] - cooldown_ms - late_ms)
        self._told.pop(entity, None)
        self._told[entity] = Told(position, at)
        self._dirty.add(entity)
        return True

    def _forget_before(self, at: int) -> None:
        """Drop what can hold nothing back any more."""
        if not self._in_order:
            self._told = dict(sorted(self._told.items(), key=lambda item: item[1].position))
            self._in_order = True
        while self._told:
            entity, told = next(iter(self._told.items()))
            if told.position[0] >= at:
                return
            del self._told[entity]
            self._dirty.add(entity)

    def take_dirty(self) -> tuple[list[bytes], Sequence[bytes | None]]:
        """Copy the rows changed since the last call; None for a forgotten one."""
        names = sorted(self._dirty)
        self._dirty.clear()
        values = [None if (told := self._told.get(name)) is None else TOLD.pack(told) for name in names]
        return [COOLDOWN + name.encode() for name in names], values

    def load(self, key: bytes, value: bytes | None) -> None:
        """Put one row back. Raises StateError for a value of an unknown layout."""
        name = key.removeprefix(COOLDOWN).decode()
        self._in_order = False
        if value is None:
            self._told.pop(name, None)
        else:
            self._told[name] = TOLD.unpack(value)

    def __len__(self) -> int:
        return len(self._told)


class TerminalState:
    """Implements ``PartitionState`` over both."""

    def __init__(self, *, max_history: int, max_late_ms: int) -> None:
        self.checkpoint = b""
        self.terminals = TerminalTable(max_history=max_history, max_late_ms=max_late_ms)
        self.cooldowns = Cooldowns()

    def take_dirty(self) -> tuple[list[bytes], Sequence[bytes | None]]:
        """Copy the rows of both kinds changed since the last call, cooldowns first.

        They are written in this order and may be cut short. A terminal's row makes its payments known, so that nobody
        decides on them again: what was decided must stand before it. A cooldown alone is decided once more, alike.
        """
        keys, values = self.cooldowns.take_dirty()
        more_keys, more_values = self.terminals.take_dirty()
        return [*keys, *more_keys], [*values, *more_values]

    def load(self, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        """Put rows of both kinds back."""
        if not any(key.startswith(COOLDOWN) for key in keys):
            self.terminals.load(keys, values)
            return
        rows = list(zip(keys, values, strict=True))
        for key, value in rows:
            if key.startswith(COOLDOWN):
                self.cooldowns.load(key, value)
        plain = [(key, value) for key, value in rows if not key.startswith(COOLDOWN)]
        self.terminals.load([key for key, _ in plain], [value for _, value in plain])

    def __len__(self) -> int:
        return len(self.terminals) + len(self.cooldowns)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.terminals.nbytes + 200 * len(self.cooldowns)
