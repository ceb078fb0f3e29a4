"""The layout of what is stored: a number in front of every value, checked on every read; older ones are brought up.

A value is the number of its layout, 32 bits little-endian, then its body. The number counts the steps there are from
the first layout to the present one, so nobody can raise it without saying how the layout before is read.
"""

from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

import msgspec

from stream.errors import StateError

Step: TypeAlias = Callable[[bytes], bytes]  # the body of one layout → the body of the next

_NUMBER = 4  # bytes
_ARRAY = b"\x90"  # what msgpack begins an array with, at least; no number begins so


class Layout:
    """How one kind of value is laid out.

    kind     what is stored, for whoever reads a refusal: "customers row"
    steps    from each older layout to the next, the first one first. A step writes what the next layout was, whatever
             came after it, and stays as long as such values may be stored
    is_bare  says that a value is of layout 1 and bears no number: some kinds had none at first
    """

    def __init__(self, kind: str, *steps: Step, is_bare: Callable[[bytes], bool] = lambda _: False) -> None:
        self.kind = kind
        self.number = 1 + len(steps)
        self.head = self.number.to_bytes(_NUMBER, "little")
        self._steps = steps
        self._is_bare = is_bare

    def present(self, value: bytes) -> bytes:
        """Bring a value up to the present layout; raises as ``body`` does."""
        return self.head + self.body(value)

    def body(self, value: bytes) -> bytes:
        """Take a value's body, in the present layout.

        Raises StateError for a layout that this release does not know.
        """
        number, body = int.from_bytes(value[:_NUMBER], "little"), value[_NUMBER:]
        if self._is_bare(value):
            number, body = 1, value
        if not 1 <= number <= self.number:
            raise StateError(self.kind, f"layout {self.number}", f"{number}, of {len(value)} bytes")
        for step in self._steps[number - 1 :]:
            body = step(body)
        return body


class Stored(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A struct that is stored: no field has a default, so that bytes of another form are refused, never filled up."""


T = TypeVar("T", bound=Stored)


class Packed(Generic[T]):
    """A kind of value that is one struct.

    kind, steps  see ``Layout``
    form         the struct as it is now
    """

    def __init__(self, kind: str, form: type[T], *steps: Step) -> None:
        self.layout = Layout(kind, *steps, is_bare=lambda value: value[:1] >= _ARRAY)
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(form).decode

    def pack(self, value: T) -> bytes:
        """Write a struct."""
        return self.layout.head + self._encode(value)

    def unpack(self, value: bytes) -> T:
        """Read a struct. Raises StateError for an unknown layout, or bytes that are not of theirs."""
        try:
            return self._decode(self.layout.body(value))
        except msgspec.DecodeError as error:
            raise StateError(self.layout.kind, "bytes of its layout", f"damaged: {error}") from error
