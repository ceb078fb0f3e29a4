"""Moments on the command line: so long ago, or a date with or without a time."""

import re
import time
from datetime import UTC, datetime

import click


class Moment(click.ParamType):
    """``30m``, ``2h`` or ``7d`` ago, or ``2026-11-21`` or ``2026-11-21T10:30``, UTC unless it says otherwise.

    Becomes epoch milliseconds.
    """

    name = "when"
    _SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}  # noqa: RUF012  # read only

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", str(value))
        if match is not None:
            return round(1000 * (time.time() - float(match.group(1)) * self._SECONDS[match.group(2)]))
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no moment; write 30m, 2h or 7d ago, or 2026-11-21T10:30", param, ctx)
        return round(1000 * (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
