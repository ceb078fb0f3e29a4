"""What stands under ``[producers.NAME]``, read into a typed, frozen section; an unknown or wrong field is named."""

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from stream.errors import SettingsError
from stream.settings import Section

C = TypeVar("C", bound=Section)

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]*)`")
_PLACE = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)


def read_config(kind: type[C], config: Mapping[str, object], *, where: str) -> C:
    """Read ``config`` as a ``kind``; numbers may be strings, dates ISO text or dates.

    where   named in the error: ``[producers.cards]``, or the file it was read from
    Raises SettingsError that names the field with its path: ``terminal.share``.
    """
    try:
        return msgspec.convert(dict(config), kind, strict=False)
    except msgspec.ValidationError as error:
        field, expected = explain(str(error))
        raise SettingsError(field, expected, where=where) from None


def explain(message: str) -> tuple[str, str]:
    """Take msgspec's message apart: the path of the field at fault, "config" for the whole; what was expected there."""
    found = _PLACE.match(message)
    what, path = (found["what"], found["path"] or "") if found else (message, "")
    for pattern, expected in ((_UNKNOWN, "no such field"), (_MISSING, "this field")):
        match = pattern.match(what)
        if match:
            return ".".join(part for part in (path, match["field"]) if part), expected
    return path or "config", what.removeprefix("Expected ")
