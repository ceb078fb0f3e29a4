"""Tokens: made, found, expired, revoked; the file holds no secret."""

import stat
from pathlib import Path

import pytest

from stream.console.tokens import Keyring
from stream.errors import SettingsError

DAY = 86_400.0


def test_a_token_is_known_by_what_was_shown_once(tmp_path: Path) -> None:
    """Whoever reads the file can't sign in by it; another process that reads it knows the token."""
    path = tmp_path / "tokens.json"
    secret = Keyring(path).add("ann", "analyst")
    owner = Keyring(path).owner_of(secret)

    assert owner is not None
    assert (owner.name, owner.role) == ("ann", "analyst")
    assert secret not in path.read_text()
    assert Keyring(path).owner_of(owner.sha256) is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_token_ends_when_its_days_are_over(tmp_path: Path) -> None:
    """Made for a day: it holds a second before, not at the end of it."""
    now = [1_000_000.0]
    keyring = Keyring(tmp_path / "tokens.json", clock=lambda: now[0])
    secret = keyring.add("vic", "viewer", days=1)
    now[0] += DAY - 1
    before = keyring.owner_of(secret)
    now[0] += 1

    assert before is not None
    assert keyring.owner_of(secret) is None


def test_a_process_that_runs_hears_of_a_token_that_was_ended(tmp_path: Path) -> None:
    """The console reads the file again once it has changed."""
    path = tmp_path / "tokens.json"
    running, shell = Keyring(path), Keyring(path)
    secret, other = shell.add("ann", "analyst"), shell.add("bob", "viewer")
    known = running.owner_of(secret)
    shell.revoke("ann")

    assert known is not None
    assert running.owner_of(secret) is None
    assert running.owner_of(other) is not None


def test_a_lent_token_is_written_nowhere(tmp_path: Path) -> None:
    """That of ``weir console --token`` holds in its process alone."""
    path = tmp_path / "tokens.json"
    keyring = Keyring(path)
    secret = keyring.lend("run", "admin")
    keyring.add("ann", "analyst")

    assert keyring.owner_of(secret) is not None
    assert Keyring(path).owner_of(secret) is None


def test_a_name_is_had_once_and_ended_once(tmp_path: Path) -> None:
    """Two tokens of one name could not be told apart in the audit."""
    keyring = Keyring(tmp_path / "tokens.json")
    keyring.add("ann", "analyst")

    with pytest.raises(SettingsError, match="one that no token has yet"):
        keyring.add("ann", "viewer")
    with pytest.raises(SettingsError, match=r"the name of a token \(ann\)"):
        keyring.revoke("bob")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A typing mistake in console.tokens must not let nobody, or anybody, in."""
    path = tmp_path / "tokens.json"
    path.write_text("[]")

    with pytest.raises(SettingsError, match=r"console\.tokens: expected a file of `weir console token`"):
        Keyring(path)
