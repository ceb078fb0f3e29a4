"""How well the frauds of a world could be told: a Bayes filter that knows all but who is compromised.

It knows the patterns and each customer's mean, and is told verdicts as late as everybody. Of each card, then of each
terminal, it keeps how probable it is that a compromise began on each day, by all payments so far: those whose verdict
is known by what it said, the others by their amounts alone. Cards are filtered first, without what terminals would say
of them, so it is a hair short of the true ceiling.
"""

import math

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel
from producers.worlds.drawing import Patterns
from producers.worlds.payments import DAY_MS, DELAY_MS, START_MS, Floats, Ints, Lived

Flags = NDArray[np.bool_]

_LEAST = 1e-12  # density of an amount
_SURE = 80.0  # log-odds that are as good as certain


def probabilities(world: Patterns, lived: Lived) -> Floats:
    """Probability of fraud of every payment, ``(n,)``, by what was known when it was made."""
    amount, mean = lived.amount / 100.0, lived.mean
    above = amount > world.limit
    genuine, raised = _density(amount, mean), _density(amount / world.factor, mean) / world.factor
    by_card = _by_card(world, lived, genuine, raised, above)
    by_terminal = _by_terminal(world, lived, np.where(above, 1.0, np.maximum(by_card, 1e-6)))
    found = 1.0 - (1.0 - by_card) * (1.0 - by_terminal)
    return np.where(above, 1.0, found)


def _density(amount: Floats, mean: Floats) -> Floats:
    """Of a genuine amount: normal, of deviation half the mean; what would be negative is drawn evenly to twice it."""
    deviation = mean / 2.0
    normal = np.exp(-0.5 * ((amount - mean) / deviation) ** 2) / (deviation * math.sqrt(2.0 * math.pi))
    negative = 0.5 * math.erfc(math.sqrt(2.0))
    return normal + np.where(amount <= 2.0 * mean, negative / (2.0 * mean), 0.0) + _LEAST


def _by_card(world: Patterns, lived: Lived, genuine: Floats, raised: Floats, above: Flags) -> Floats:
    """Probability that the payment was made with a stolen card."""
    share, fraud = world.share, lived.fraud == 1
    otherwise = np.where(above, 1.0, world.broken)  # that it is fraud though the card is not stolen
    told = (share * raised + (1.0 - share) * genuine * otherwise) / (genuine * otherwise)
    known = np.where(fraud, np.log(told), math.log(1.0 - share))
    untold = np.log((1.0 - share) + share * raised / genuine)
    began = world.stolen / world.card_days
    stolen = _filter(lived, lived.customer, known, untold, world.card_days, began, certain=False)
    return stolen * share * raised / (stolen * share * raised + (1.0 - stolen * share) * genuine)


def _by_terminal(world: Patterns, lived: Lived, otherwise: Floats) -> Floats:
    """Probability that the terminal is broken into; a genuine verdict says that it was not on that day."""
    known = np.where(lived.fraud == 1, -np.log(otherwise), 0.0)
    began = world.broken / world.terminal_days
    return _filter(lived, lived.terminal, known, np.zeros(len(known)), world.terminal_days, began, certain=True)


def _filter(
    lived: Lived, key: Ints, known: Floats, untold: Floats, days: int, began: float, *, certain: bool
) -> Floats:
    order = np.lexsort((lived.at, key))
    starts = np.append(np.flatnonzero(np.append(True, np.diff(key[order]) != 0)), len(order))
    found = np.empty(len(order))
    genuine = (lived.fraud == 0).astype(np.int64)
    day = (lived.at - START_MS) // DAY_MS
    _run(order, starts, lived.at, day, known, untold, genuine, days, began, certain, found)
    return found


@kernel
def _run(
    order: Ints,
    starts: Ints,
    at: Ints,
    day: Ints,
    known: Floats,
    untold: Floats,
    genuine: Ints,
    days: int,
    began: float,
    certain: bool,
    found: Floats,
) -> None:
    """Walk every key's payments in turn.

    order, starts   rows by key, then by time; where each key begins, and the end
    known, untold   log of how much likelier a payment is while compromised, with and without its verdict
    certain         a genuine verdict within a compromise rules it out
    found           out: probability of being compromised, before the payment itself
    """
    n = order.size
    by_known, by_untold, clean = np.zeros(n + 1), np.zeros(n + 1), np.zeros(n + 1, np.int64)
    days_of = np.empty(n, np.int64)
    for i in range(n):
        by_known[i + 1] = by_known[i] + known[order[i]]
        by_untold[i + 1] = by_untold[i] + untold[order[i]]
        clean[i + 1] = clean[i] + genuine[order[i]]
        days_of[i] = day[order[i]]
    for k in range(starts.size - 1):
        first = verdicts = starts[k]
        for i in range(first, starts[k + 1]):
            while at[order[verdicts]] + DELAY_MS < at[order[i]]:
                verdicts += 1
            now = ever = 0.0
            for begin in range(days_of[i], max(-days, days_of[i] - 2 * days - 10), -1):
                low = first + np.searchsorted(days_of[first:i], begin)
                high = first + np.searchsorted(days_of[first:i], begin + days)
                end = min(high, verdicts)
                odds = by_known[end] - by_known[low] if end > low else 0.0
                start = max(low, verdicts)
                odds += by_untold[high] - by_untold[start] if high > start else 0.0
                ruled_out = certain and end > low and clean[end] > clean[low]
                weight = 0.0 if ruled_out else began * math.exp(min(odds, _SURE))
                ever += weight
                if begin > days_of[i] - days:
                    now += weight
            found[order[i]] = now / (1.0 + ever)
