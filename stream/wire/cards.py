"""Card numbers: where one stands in bytes, whatever field, text or nesting it is in.

A card number (PAN, ISO/IEC 7812-1) is 13 to 19 digits that begin as the networks' do and pass the Luhn check, written
in one piece or in groups with blanks or dashes between. Found are those that begin with 3, 4, 5, 6 or 22 to 27; of 13
digits only those that begin with 4. Not taken for one, although 1 in 10 of them would pass the check: a fraction of a
decimal, part of a longer run of digits, part of a hexadecimal name of 20 characters or more, and 13 digits that are
the value of a JSON member, which are a time.
"""

import re
import unicodedata
from collections.abc import Sequence

import msgspec
import numpy as np

MASKED = b"[card number]"
_ESCAPE, _ESCAPED = b"\\", b"\\u"


def cards_in(text: bytes) -> list[tuple[int, int]]:
    """Where card numbers stand: start and end of each, in order, not overlapping."""
    from stream.wire.card_search import find_cards  # noqa: PLC0415  a short command need not wait for the compiler

    found = find_cards(np.frombuffer(text, np.uint8))
    return [(int(start), int(end)) for start, end in found]


def records_with_cards(values: Sequence[bytes]) -> list[int]:
    """Places of the records that hold a card number, also one in escapes or other alphabets' digits.

    values  JSON, each
    """
    joined = b"\n".join(values)
    found: set[int] = set()
    places = cards_in(joined)
    if places:
        ends = np.cumsum([len(value) + 1 for value in values])
        found.update(np.searchsorted(ends, [start for start, _ in places], side="right").tolist())
    if _ESCAPE in joined or not joined.isascii():
        found.update(i for i, value in enumerate(values) if _is_disguised(value))
    return sorted(found)


def _is_disguised(value: bytes) -> bool:
    if _ESCAPED not in value and value.isascii():
        return False
    try:
        text = msgspec.json.encode(msgspec.json.decode(value)).decode()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = value.decode(errors="replace")
    return bool(cards_in(plain(text)))


def plain(text: str) -> bytes:
    """Write every alphabet's digits as ASCII's, and every other letter beyond ASCII as a question mark."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(
        str(unicodedata.decimal(c, 0)) if c.isdecimal() else " " if c.isspace() else "-" if _is_dash(c) else c
        for c in folded
    ).encode("ascii", "replace")


def _is_dash(character: str) -> bool:
    return unicodedata.category(character) == "Pd"


def masked(text: bytes) -> bytes:
    """The text with ``MASKED`` in place of every card number."""
    parts, last = [], 0
    for start, end in cards_in(text):
        parts += [text[last:start], MASKED]
        last = end
    return b"".join([*parts, text[last:]])


def is_card_number(text: str) -> bool:
    """Tell whether a whole text is a card number, with or without blanks and dashes."""
    return cards_in(plain(text.strip())) == [(0, len(text.strip()))]


def digits_of(text: str) -> str:
    """The digits alone."""
    return re.sub(r"\D", "", plain(text).decode())
