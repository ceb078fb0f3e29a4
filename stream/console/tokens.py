"""Tokens: who may call the API, and as what. The file holds their hashes; a token itself is shown once, when made.

A token is 256 random bits, so one plain hash of it is as good as a slow one: there is nothing to guess.
"""

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import msgspec

from stream.errors import SettingsError
from stream.wire.events import Id

Role: TypeAlias = Literal["scorer", "viewer", "analyst", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
_PREFIX = "weir_"  # so that scanners of code and logs know one


class Token(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One token, without itself.

    scorer may ask for decisions alone; viewer reads; analyst also acknowledges, judges and snoozes; admin also ends
    others' snoozes and sees who did what.
    """

    name: Id
    role: Role
    sha256: str
    made_at: int  # epoch ms
    until: int | None = None  # epoch ms


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tokens: tuple[Token, ...] = ()


class Keyring:
    """The tokens of a file; it is read again once it has changed.

    Raises SettingsError where the file is none of ours.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._seen: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()
        self._lent: tuple[Token, ...] = ()
        self.tokens()

    def tokens(self) -> tuple[Token, ...]:
        """All of them, in the order in which they were made; none where there is no file."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self._seen, self._tokens = None, ()
            return self._lent
        seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if seen != self._seen:
            self._tokens, self._seen = _read(self._path), seen
        return self._tokens + self._lent

    def owner_of(self, secret: str) -> Token | None:
        """Find whose token this is; None for nobody's, or one whose time is over. Takes as long for any secret."""
        digest, found = _digest(secret), None
        for token in self.tokens():
            if hmac.compare_digest(digest, token.sha256):
                found = token
        return None if found is None or (found.until or 2**62) <= 1000 * self._clock() else found

    def add(self, name: str, role: Role, *, days: float | None = None) -> str:
        """Make a token and return it: nobody can read it again. Raises SettingsError for a name that is taken."""
        if any(token.name == name for token in self.tokens()):
            raise SettingsError("NAME", "one that no token has yet; `weir console token revoke` ends one", name)
        secret, now = _PREFIX + secrets.token_urlsafe(32), round(1000 * self._clock())
        until = None if days is None else now + round(days * 86_400_000)
        token = Token(name=name, role=role, sha256=_digest(secret), made_at=now, until=until)
        _write(self._path, (*self._tokens, token))
        return secret

    def lend(self, name: str, role: Role) -> str:
        """Make a token that holds in this process alone, and is written nowhere."""
        secret = _PREFIX + secrets.token_urlsafe(32)
        self._lent += (Token(name=name, role=role, sha256=_digest(secret), made_at=round(1000 * self._clock())),)
        return secret

    def revoke(self, name: str) -> None:
        """Forget a token. Raises SettingsError where there is none of that name."""
        left = tuple(token for token in self.tokens() if token.name != name and token not in self._lent)
        if len(left) == len(self._tokens):
            known = ", ".join(token.name for token in self.tokens()) or "none yet"
            raise SettingsError("NAME", f"the name of a token ({known})", name, where=str(self._path))
        _write(self._path, left)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _read(path: Path) -> tuple[Token, ...]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File).tokens
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SettingsError("console.tokens", f"a file of `weir console token` ({error})", str(path)) from None


def _write(path: Path, tokens: tuple[Token, ...]) -> None:
    """Put a whole file in the place of the old one, for its owner alone."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as sink:
            sink.write(msgspec.json.format(msgspec.json.encode(_File(tokens=tokens)), indent=1) + b"\n")
        beside.replace(path)
    except OSError as error:
        raise SettingsError("console.tokens", f"a file that can be written ({error.strerror})", str(path)) from None
