"""The run of frauds among a terminal's verdicts, in the order in which they came: how long, since when, how odd.

A terminal that was broken into shows fraud after fraud, of payments that nothing else about them explains; a fraud
that the customer's own habits explain says little about the terminal. How long such a run lasts is learnt by models:
here is only its length and age, and the least remarkable payment in it.
"""

import math

import numpy as np
from numpy.typing import NDArray

from models.compiled import kernel
from stream.core.names import DAY_MS, TERMINAL_FEATURES
from stream.core.rings import Row, Words, get_long, put_long
from stream.wire.columns import Floats, Ints

RUN_FIELDS = [
    ("run", "i8"),  # frauds in a row among the latest verdicts
    ("since", "i8"),  # epoch ms, when the first of them was known; the others likewise
    ("fraud_at", "i8"),  # last verdict of fraud
    ("clean_at", "i8"),  # last verdict of none
    ("least_amount", "i8"),  # minor units and one, of the payments of the run that are still remembered; 0 for none
    ("least_ratio", "i8"),  # likewise the amount over what is usual for the customer, as ``ratio_codes`` writes it
]
RUN_WORDS = 2 * len(RUN_FIELDS)
NEVER = 0  # of a time, and what a row that heard no verdict begins with
NO_RATIO = 0
FORGOTTEN = -1
RATIO_BITS = 12
RATIO_MASK = (1 << RATIO_BITS) - 1
_SPREAD = np.uint32(0x9E3779B1)  # brings all bits of a hash into its upper ones: Knuth's multiplicative hash
_LEAST = 119 << 8  # 2**-8 as the upper half of a float of 32 bits: eight bits of exponent, eight of the mantissa kept
_RUN = TERMINAL_FEATURES.index(
    "terminal_fraud_run"
)  # then its days, days since fraud and clean, least amount and ratio


def payment_marks(names: Words, ratio: Floats) -> Words:
    """Put into one word what a later verdict needs to know of a payment.

    names  (n,) hash of the payment's id, of which 20 bits are kept
    ratio  (n,) amount over what is usual for the customer, nan for unknown; kept to 1 part in 256, within 2**±8
    """
    with np.errstate(over="ignore"):  # a ratio beyond what 32 bits hold is infinite, and capped
        upper = (np.abs(ratio).astype(np.float32).view(np.uint32) >> 15).astype(np.int64)
    codes = np.where(np.isnan(ratio), NO_RATIO, np.clip(upper - _LEAST, 1, RATIO_MASK)).astype(np.uint32)
    kept: Words = names * _SPREAD >> np.uint32(RATIO_BITS) << np.uint32(RATIO_BITS)
    return kept | codes


def run_words(at: Ints, fraud: NDArray[np.bool_]) -> Words:
    """Write the run that ends some verdicts ``(n,)``, in the order of time, as ``put_run`` would; no payment known."""
    clean, frauds = np.flatnonzero(~fraud), np.flatnonzero(fraud)
    begin = int(clean[-1]) + 1 if clean.size else 0
    times = (at[begin:][:1], at[frauds][-1:], at[clean][-1:])
    fields = [at.size - begin, *(int(time[0]) if time.size else NEVER for time in times), 0, 0]
    return np.array(fields, "<i8").view("<u4").astype(np.uint32)


@kernel
def ratio_of(code: int) -> float:
    """Ratio that a code stands for; nan for ``NO_RATIO``."""
    if code == NO_RATIO:
        return math.nan
    upper = code + _LEAST
    return math.ldexp(1.0 + (upper & 255) / 256.0, (upper >> 8) - 127)


@kernel
def begin_run(row: Row) -> None:
    """Forget every verdict."""
    row["run"] = 0
    row["since"] = row["fraud_at"] = row["clean_at"] = NEVER
    row["least_amount"] = row["least_ratio"] = 0


@kernel
def hear_verdict(row: Row, at: int, fraud: int, amount: int, code: int) -> None:
    """Take one verdict into account.

    amount, code  of the payment; ``FORGOTTEN`` where it is not remembered any more
    """
    if not fraud:
        row["run"] = 0
        row["clean_at"] = at
        return
    if row["run"] == 0:
        row["since"] = at
        row["least_amount"] = row["least_ratio"] = 0
    row["run"] += 1
    row["fraud_at"] = at
    if amount != FORGOTTEN:
        if row["least_amount"] == 0 or amount + 1 < row["least_amount"]:
            row["least_amount"] = amount + 1
        if code != NO_RATIO and (row["least_ratio"] == NO_RATIO or code < row["least_ratio"]):
            row["least_ratio"] = code


@kernel
def describe_run(row: Row, at: int, known: bool, out: Floats) -> None:
    """Write what the verdicts say about a payment at ``at``; all nan where none is ``known``.

    A payment later than a verdict that came before it in processing sees it as just known.
    """
    out[_RUN : _RUN + 6] = math.nan
    if not known:
        return
    out[_RUN] = row["run"]
    if row["run"]:
        out[_RUN + 1] = max(at - row["since"], 0) / DAY_MS
        if row["least_amount"]:
            out[_RUN + 4] = (row["least_amount"] - 1) / 100.0
        out[_RUN + 5] = ratio_of(row["least_ratio"])
    if row["fraud_at"] != NEVER:
        out[_RUN + 2] = max(at - row["fraud_at"], 0) / DAY_MS
    if row["clean_at"] != NEVER:
        out[_RUN + 3] = max(at - row["clean_at"], 0) / DAY_MS


@kernel
def put_run(words: Words, place: int, row: Row) -> None:
    """Write a run as ``RUN_WORDS`` words."""
    put_long(words, place, row["run"])
    put_long(words, place + 2, row["since"])
    put_long(words, place + 4, row["fraud_at"])
    put_long(words, place + 6, row["clean_at"])
    put_long(words, place + 8, row["least_amount"])
    put_long(words, place + 10, row["least_ratio"])


@kernel
def get_run(words: Words, place: int, row: Row) -> None:
    """Read what ``put_run`` wrote."""
    row["run"] = get_long(words, place)
    row["since"] = get_long(words, place + 2)
    row["fraud_at"] = get_long(words, place + 4)
    row["clean_at"] = get_long(words, place + 6)
    row["least_amount"] = get_long(words, place + 8)
    row["least_ratio"] = get_long(words, place + 10)
