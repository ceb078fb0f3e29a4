"""What one world is like: drawn from a seed, and told to no model."""

from dataclasses import dataclass

import numpy as np

_LIMIT = (120.0, 320.0)
_TERMINAL_DAYS, _CARD_DAYS = (10, 50), (7, 30)
_TERMINALS_BROKEN, _CARDS_STOLEN = (0.003, 0.010), (0.004, 0.016)
_FACTOR, _SHARE = (2.5, 9.0), (0.2, 0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns:
    """The three kinds of fraud of a world, and its size. As it stands, the Handbook's.

    limit          currency units; every payment above it is fraud
    terminal_days  for which a terminal that was broken into stays so; every payment at it is fraud
    broken         terminals broken into at a time, share of all
    card_days      for which a stolen card is used
    stolen         cards stolen at a time, share of all
    share          of a stolen card's payments that are fraud
    factor         times its amount otherwise
    days           of payments
    reach          terminals that a customer pays at
    """

    limit: float = 220.0
    terminal_days: int = 28
    broken: float = 2 * 28 / 10_000
    card_days: int = 14
    stolen: float = 3 * 14 / 5_000
    share: float = 1 / 3
    factor: float = 5.0
    customers: int = 5_000
    terminals: int = 10_000
    reach: int = 78
    days: int = 63


def draw_patterns(seed: int, number: int) -> Patterns:
    """Draw the patterns of world ``number`` of a seed: limits and days evenly, all else in logarithms."""
    chance = np.random.default_rng((seed, number))

    def evenly_in_logs(ends: tuple[float, float]) -> float:
        return float(np.exp(chance.uniform(*np.log(ends))))

    return Patterns(
        limit=round(float(chance.uniform(*_LIMIT)), 2),
        terminal_days=int(chance.integers(_TERMINAL_DAYS[0], _TERMINAL_DAYS[1] + 1)),
        broken=evenly_in_logs(_TERMINALS_BROKEN),
        card_days=int(chance.integers(_CARD_DAYS[0], _CARD_DAYS[1] + 1)),
        stolen=evenly_in_logs(_CARDS_STOLEN),
        share=evenly_in_logs(_SHARE),
        factor=evenly_in_logs(_FACTOR),
    )
