"""Which columns of a file mean what: mappings in TOML, those that come with Weir, and the choice by the columns found.

The form is that of the files in ``producers/mappings``; ``docs/recorded-data.md`` explains it field by field.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from producers.configuration import read_config
from stream.errors import SettingsError
from stream.notify.secrets import Secret
from stream.settings import Section

BUILT_IN = Path(__file__).with_name("mappings")
REQUIRED = {
    "transaction": ("id", "customer", "terminal", "amount"),
    "trade": ("symbol", "price", "size"),
    "quote": ("symbol", "bid", "ask"),
}
OPTIONAL = {
    "transaction": ("currency", "fraud", "scenario"),
    "trade": ("id", "side"),
    "quote": ("id", "bid_size", "ask_size"),
}


class At(Section, frozen=True, kw_only=True):
    """A column with the event time.

    unit    of a number since 1970; "" where the column is a timestamp or text
    format  of text, as in ``strptime``; "" for ISO 8601
    """

    column: str
    unit: Literal["", "s", "ms", "us", "ns"] = ""
    format: str = ""


class Field(Section, frozen=True, kw_only=True):
    """Where a field comes from: one of ``column``, ``columns`` joined, ``file`` or ``constant``.

    file           regular expression on the file's name without its ending; the first group is the value
    scale          multiplies a number: 100 makes cents of units
    prefix, width  of a text: width pads with zeros first, then the prefix is put before
    map            text in the file → text; what is not listed becomes ""
    token          keys by reference (``env:NAME``, ``file:PATH``): the text is a card number, and becomes its token
    """

    column: str = ""
    columns: tuple[str, ...] = ()
    join: str = ""
    file: str = ""
    constant: str = ""
    scale: float = 1.0
    prefix: str = ""
    width: int = 0
    map: dict[str, str] = msgspec.field(default_factory=dict)
    upper: bool = False
    token: Secret = ""

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns it needs."""
        return self.columns or ((self.column,) if self.column else ())


class FileMapping(Section, frozen=True, kw_only=True):
    """One kind of file.

    at                the first of these columns with a value (over 0, where it is a number) is the event time
    time_zone         of timestamps and text without one, IANA name
    disorder_seconds  rows may stand so much too late in the file; later ones are refused and counted
    """

    name: str
    event: Literal["transaction", "trade", "quote"]
    at: Annotated[tuple[At, ...], msgspec.Meta(min_length=1)]
    time_zone: str = "UTC"
    disorder_seconds: Annotated[float, msgspec.Meta(ge=0.0)] = 10.0
    fields: dict[str, str | Field]

    def field(self, name: str) -> Field | None:
        """Where the field comes from; None where it is not mapped."""
        found = self.fields.get(name)
        return Field(column=found) if isinstance(found, str) else found

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns it reads, each once."""
        named = [at.column for at in self.at]
        for name in self.fields:
            field = self.field(name)
            named += field.reads if field else ()
        return tuple(dict.fromkeys(named))


class _MappingFile(Section, frozen=True, kw_only=True):
    file: Annotated[tuple[FileMapping, ...], msgspec.Meta(min_length=1)]


def load_mappings(path: Path) -> tuple[FileMapping, ...]:
    """Read a mapping file. Raises SettingsError that names the field and the file."""
    try:
        raw = tomllib.loads(path.read_text())
    except OSError as error:
        raise SettingsError("mapping", f"a file that can be read ({error.strerror})", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError("mapping", f"valid TOML ({error})", where=str(path)) from None
    mappings = read_config(_MappingFile, raw, where=str(path)).file
    for mapping in mappings:
        _check(mapping, where=f"{path}: {mapping.name}")
    return mappings


def built_in_mappings() -> tuple[FileMapping, ...]:
    """Those of ``producers/mappings``, by file name."""
    return tuple(mapping for path in sorted(BUILT_IN.glob("*.toml")) for mapping in load_mappings(path))


def recognise(columns: Sequence[str], mappings: Iterable[FileMapping]) -> FileMapping | None:
    """Choose the mapping of which all columns are there, of several the one that reads most; None if none fits."""
    fitting = [mapping for mapping in mappings if set(mapping.columns) <= set(columns)]
    return max(fitting, key=lambda mapping: len(mapping.columns), default=None)


def _check(mapping: FileMapping, *, where: str) -> None:
    required, known = REQUIRED[mapping.event], REQUIRED[mapping.event] + OPTIONAL[mapping.event]
    for name in required:
        if name not in mapping.fields:
            raise SettingsError(f"fields.{name}", f"to be mapped, as a {mapping.event} has it", where=where)
    for name in mapping.fields:
        if name not in known:
            raise SettingsError(f"fields.{name}", f"one of {', '.join(known)}", where=where)
        field = mapping.field(name)
        if field and sum(map(bool, (field.column, field.columns, field.file, field.constant))) != 1:
            raise SettingsError(f"fields.{name}", "one of column, columns, file, constant", where=where)
        _check_pattern(name, field.file if field else "", where=where)
    try:
        ZoneInfo(mapping.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError("time_zone", "an IANA name like Europe/Berlin", mapping.time_zone, where=where) from None


def _check_pattern(name: str, pattern: str, *, where: str) -> None:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise SettingsError(f"fields.{name}.file", f"a regular expression ({error})", pattern, where=where) from None
    if pattern and groups < 1:
        raise SettingsError(f"fields.{name}.file", "a regular expression with a group", pattern, where=where)
