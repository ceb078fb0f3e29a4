"""Tokens of card numbers: the same for the same card, nothing without the keys, and renewed without the number."""

import hashlib
import hmac
from pathlib import Path

import pytest

from producers.tokens import Tokens
from stream.errors import SettingsError
from stream.wire.cards import records_with_cards

OLD, NEW = "a" * 64, "b" * 64


def test_a_token_is_the_hmac_of_the_number() -> None:
    """As RFC 2104 has it, of the digits however they are written; by Python's older interface to it."""
    expected = "card1-" + hmac.new(OLD.encode(), b"4111111111111111", hashlib.sha256).hexdigest()[:40]
    tokens = Tokens([OLD])

    assert tokens.of("4111111111111111") == tokens.of("4111 1111 1111 1111") == expected
    assert not records_with_cards([expected.encode()])


def test_another_key_makes_other_tokens() -> None:
    """Who has not the key can make none from a list of numbers."""
    assert Tokens([OLD]).of("4111111111111111") != Tokens([NEW]).of("4111111111111111")


def test_what_is_no_card_number_gets_no_token() -> None:
    """A mistyped number would be a customer of its own."""
    assert [Tokens([OLD]).of(text) for text in ("", "c42", "4111111111111112", "card9")] == [""] * 4


def test_a_token_is_renewed_without_the_number() -> None:
    """After a rotation old and new history meet: what an old token becomes is what the number becomes."""
    before, after = Tokens([OLD]), Tokens([OLD, NEW])
    token = before.of("5555555555554444")

    assert after.of(token) == after.of("5555555555554444")
    assert after.of(after.of(token)) == after.of(token)
    assert after.of(token) != token


@pytest.mark.parametrize("text", ["", "hunter2", f"{OLD}\nhunter2"])
def test_a_missing_or_short_key_is_refused(text: str, tmp_path: Path) -> None:
    """And never shown."""
    (tmp_path / "keys").write_text(text)

    with pytest.raises(SettingsError) as told:
        Tokens.read(f"file:{tmp_path / 'keys'}", where="bank.toml")

    assert "hunter2" not in str(told.value)


def test_keys_are_read_one_a_line(tmp_path: Path) -> None:
    """The oldest first."""
    (tmp_path / "keys").write_text(f"{OLD}\n{NEW}\n")
    read = Tokens.read(f"file:{tmp_path / 'keys'}", where="bank.toml")

    assert read.of("4111111111111111") == Tokens([OLD, NEW]).of("4111111111111111")
