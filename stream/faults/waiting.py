"""Waiting for what a row waits for, and saying what did not come about."""

import time
from collections.abc import Callable

from stream.errors import WeirError


def wait_for(
    is_so: Callable[[], bool],
    *,
    what: str | Callable[[], str],
    within_seconds: float,
    look_seconds: float = 0.05,
) -> None:
    """Return when it is so; raises WeirError that says ``what`` is not after ``within_seconds``."""
    deadline = time.monotonic() + within_seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise WeirError(f"{what if isinstance(what, str) else what()} after {within_seconds:.0f} s")
        time.sleep(look_seconds)
