"""Finds what looks like a card number in what people type, so that none gets into a topic by a note."""

import re

_RUN = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")


def has_card_number(text: str) -> bool:
    """Whether there are 13 to 19 digits in a row, spaces and dashes aside, that pass the Luhn check (ISO 7812)."""
    return any(_passes([int(c) for c in found.group() if c.isdigit()]) for found in _RUN.finditer(text))


def _passes(digits: list[int]) -> bool:
    return (sum(digits[-1::-2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])) % 10 == 0
