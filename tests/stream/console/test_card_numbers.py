"""Card numbers in what people type."""

import pytest

from stream.console.card_numbers import has_card_number


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        "called about 4111 1111 1111 1111 today",
        "5500-0000-0000-0004",
        "x378282246310005y",
        "6304000000000000",
    ],
)
def test_a_card_number_is_found_however_it_is_written(text: str) -> None:
    """The networks' published test numbers, with spaces, dashes and words around."""
    assert has_card_number(text)


@pytest.mark.parametrize(
    "text", ["", "4111111111111112", "call 555 0199", "order 12345678901234567890", "2026-11-21 10:30"]
)
def test_other_digits_are_none(text: str) -> None:
    """A wrong check digit, too few, too many, a date."""
    assert not has_card_number(text)
