"""Payments at the tills of a shop, written without a look at Weir's own producers."""

import random
from collections.abc import Iterator, Mapping

from producers.source import Record
from stream.errors import SettingsError
from stream.wire.events import Transaction

OPENS = 1_740_819_600_000  # 2025-03-01 09:00 UTC


class Tills:
    """Payments at the tills of a stranger's shop."""

    def __init__(self, *, seed: int, config: Mapping[str, object]) -> None:
        unknown = sorted(config.keys() - {"tills"})
        if unknown:
            raise SettingsError(unknown[0], "tills, the only setting", where="[producers.stranger]")
        self.seed = seed
        self.tills = int(str(config.get("tills", 3)))

    def records(self) -> Iterator[Record]:
        """Yield a payment every few seconds, without end."""
        chance = random.Random(self.seed)
        at = OPENS
        number = 0
        while True:
            at += chance.randrange(500, 20_000)
            number += 1
            customer = f"guest-{chance.randrange(40)}"
            payment = Transaction(
                id=f"till-{number}",
                at=at,
                customer=customer,
                terminal=f"till-{chance.randrange(self.tills)}",
                amount=chance.randrange(100, 9_000),
            )
            yield Record("transactions", customer, payment)
