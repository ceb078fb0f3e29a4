"""Card numbers are found wherever they stand, and what only looks like one is left alone."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.wire.cards import MASKED, cards_in, digits_of, is_card_number, masked, records_with_cards

TEST_NUMBERS = (  # those that the networks publish for tests
    "4111111111111111",  # Visa
    "4222222222222",  # Visa of 13 digits
    "4000000000000000006",  # Visa of 19
    "5555555555554444",  # Mastercard
    "2223003122003222",  # Mastercard of the second series
    "378282246310005",  # American Express
    "6011111111111117",  # Discover
    "30569309025904",  # Diners Club
    "3530111333300000",  # JCB
    "6200000000000005",  # UnionPay
)


def luhn_digit(body: str) -> str:
    """The check digit of ISO/IEC 7812-1, annex B: doubled from the right, digits added up, made a multiple of ten."""
    total = sum(sum(map(int, str(int(c) * 2))) if i % 2 == 0 else int(c) for i, c in enumerate(reversed(body)))
    return str(-total % 10)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Card numbers of several networks, of 14 to 19 digits."""
    head = draw(st.sampled_from(["4", "51", "55", "34", "37", "6011", "65", "3530", "2223", "2720"]))
    size = draw(st.integers(14, 19))
    body = head + draw(st.text("0123456789", min_size=size - 1 - len(head), max_size=size - 1 - len(head)))
    return body + luhn_digit(body)


@pytest.mark.parametrize("number", TEST_NUMBERS)
@pytest.mark.parametrize(
    "form",
    [
        '{{"id":"{}"}}',
        '{{"note":"card {} was shown, twice"}}',
        '{{"note":"PAN{}x"}}',
        '{{"deep":{{"list":[1,{{"unknown":["{}"]}}]}}}}',
        '{{"{}":"as a name"}}',
        '{{"note":"12 {} 2027"}}',
    ],
)
def test_a_number_is_found_in_every_place(number: str, form: str) -> None:
    """In ids, texts, names of fields, nested and unknown ones; and at its very place."""
    text = form.format(number)

    assert [text.encode()[start:end].decode() for start, end in cards_in(text.encode())] == [number]
    assert records_with_cards([b'{"id":"t1"}', text.encode(), b'{"id":"t2"}']) == [1]


@pytest.mark.parametrize(
    "text",
    ["4111 1111 1111 1111", "4111-1111-1111-1111", "3782 822463 10005", "6200-0000-0000-0005", "3056 930902 5904"],
)
def test_a_number_in_groups_is_found(text: str) -> None:
    """As it is written on the card."""
    assert masked(f"card {text}.".encode()) == b"card " + MASKED + b"."
    assert is_card_number(text)


@pytest.mark.parametrize(
    "value",
    [
        rb'{"id":"4111\u0031111\u00311111111"}',
        '{"id":"４１１１１１１１１１１１１１１１"}'.encode(),  # noqa: RUF001  full-width digits, on purpose
        '{"id":"4111\u00a01111\u20111111\u20111111"}'.encode(),
        '{"id":"٤١١١١١١١١١١١١١١١"}'.encode(),
    ],
)
def test_a_number_in_disguise_is_found(value: bytes) -> None:
    """Escapes, other alphabets' digits, blanks and dashes that are not ASCII's."""
    assert records_with_cards([value]) == [0]


def test_a_number_that_is_no_text_is_found() -> None:
    """A producer that writes the number as a JSON number is told too."""
    assert records_with_cards([b'{"pan":4111111111111111,"at":1700000000000}']) == [0]


@pytest.mark.parametrize(
    "text",
    [
        '{"at":4102444799996,"amount":4111111111111}',  # times, of 13 digits
        '{"price":101.4111111111111111}',  # a fraction
        '{"id":"1111111111111117"}',  # begins as no card does
        '{"id":"4111111111111112"}',  # does not pass the check
        '{"id":"94111111111111111000000"}',  # a longer run
        '{"id":"3f4111111111111111ab12cd"}',  # part of a hexadecimal name
        '{"id":"9b2d4111-1111-4111-1111-411111111111"}',  # a UUID
        '{"at":"2026-11-21 20:46:35","till":"2026-11-22"}',
        '{"id":"20261121204635123"}',
    ],
)
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    """Times, fractions, hexadecimal names, longer runs."""
    assert not records_with_cards([text.encode()])


@given(numbers(), st.text("abcxyz .:,;/\"'()[]{}", max_size=40), st.text("abcxyz .:,;/\"'()[]{}", max_size=40))
def test_any_number_is_found_between_any_texts(number: str, before: str, after: str) -> None:
    """Whatever stands before and after, and at whatever place of the 13 that are looked at."""
    text = f"{before}x{number}x{after}"

    assert [text[start:end] for start, end in cards_in(text.encode())] == [number]


@given(st.lists(st.text(max_size=30)), numbers(), st.integers(0, 10))
def test_the_right_records_of_a_slice_are_named(texts: list[str], number: str, place: int) -> None:
    """One look at all of them, and the places of those that hold one."""
    plain = [msgspec.json.encode({"note": text}) for text in texts if not records_with_cards([text.encode()])]
    place = min(place, len(plain))
    values = [*plain[:place], msgspec.json.encode({"note": number}), *plain[place:]]

    assert records_with_cards(values) == [place]


def test_the_digits_of_a_number_are_the_same_however_it_is_written() -> None:
    """So that one card has one token."""
    assert {digits_of(text) for text in ("4111 1111 1111 1111", "4111-1111-1111-1111", "４１１１" + "1" * 12)} == {  # noqa: RUF001
        "4111111111111111"
    }
