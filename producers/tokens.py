"""Card numbers at the edge: each becomes a token that only the holders of the keys can make, before it is published.

A token is an HMAC-SHA256: equal cards have equal tokens, so histories hold together, and a list of all card numbers
gives none away. Keys come by reference, one a line, the oldest first; a line that is added is a rotation. The token of
key n is the HMAC of the token of key n - 1, so whoever holds the keys can renew a token without the number, and one
who has stolen the old keys can tie no new token to a number.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from functools import lru_cache

from stream.errors import SettingsError
from stream.notify.secrets import Secret, read_secret
from stream.wire.cards import digits_of, is_card_number

LEAST_KEY = 32  # characters: `openssl rand -hex 32` gives 64
_TOKEN = re.compile(r"card([1-9]\d*)-([0-9a-f]{40})")
_REMEMBERED = 1 << 16


class Tokens:
    """Makes tokens of card numbers.

    keys  the oldest first, each of ``LEAST_KEY`` characters or more
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]
        self.of = lru_cache(_REMEMBERED)(self._of)

    @classmethod
    def read(cls, reference: Secret, *, where: str) -> "Tokens":
        """Read the keys from ``env:NAME`` or ``file:PATH``; raises SettingsError where one is missing or short."""
        keys = read_secret(reference, field="token", where=where).split()
        if not keys or min(map(len, keys)) < LEAST_KEY:
            expected = f"env:NAME or file:PATH of keys, one a line, of {LEAST_KEY} characters or more each"
            raise SettingsError("token", expected, where=where)
        return cls(keys)

    def _of(self, text: str) -> str:
        """The token of a card number, or of an older token; "" for any other text.

        Called as ``of``, which remembers the latest.
        """
        older = _TOKEN.fullmatch(text)
        if older is not None:
            done, token = int(older[1]), older[2]
        elif is_card_number(text):
            done, token = 0, digits_of(text)
        else:
            return ""
        for key in self._keys[done:]:
            token = hmac.digest(key, token.encode(), hashlib.sha256).hex()[:40]
        return f"card{max(done, len(self._keys))}-{token}"
