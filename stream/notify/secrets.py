"""Secrets of sinks: read from the environment or a file, so that none need stand in the settings."""

import os
from pathlib import Path
from typing import TypeAlias

from stream.errors import SettingsError

Secret: TypeAlias = str  # "env:NAME" or "file:PATH"


def read_secret(reference: Secret, *, field: str, where: str) -> str:
    """Read what ``env:NAME`` or ``file:PATH`` refers to, without the newline at its end; "" for "".

    Raises SettingsError where it is neither, or there is nothing there; it never shows what was read.
    """
    how, _, place = reference.partition(":")
    if not reference:
        return ""
    if how == "env":
        value = os.environ.get(place, "")
    elif how == "file":
        try:
            value = Path(place).read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            value = ""
    else:
        raise SettingsError(field, "env:NAME or file:PATH, never the secret itself", where=where)
    if not value:
        raise SettingsError(field, f"something in {reference}", "nothing", where=where)
    return value
