"""The feed of a symbol as a risk of its own: trades missing or repeated, a book that stays crossed, a clock off.

Which tells what is wrong with the data itself, and so for how long the figures made of it are not to be trusted.
Whether trades are missing or repeated is known where the source numbers them (``Trade.sequence``). A clock is judged
by the distance of event time from record timestamp, where that is under an hour: further off is a recording.
"""

import numpy as np

from models.compiled import kernel
from stream.core.market.breaches import Notes, note
from stream.core.market.codes import CROSSES, GAP, REPEATS, SKEW
from stream.core.market.limits import Limits
from stream.core.market.row import Row

UNTRUSTED = ("stale", "bad_ticks", "gap", "repeated", "crossed", "skewed")
"""Why figures are not to be trusted; the place of each is its bit in a note."""

GAP_MS = 1_800_000  # the longest window over traded value and flow: so long a missing trade is missed
_SEEN = 64  # numbers at and below the newest of which it is known whether they came
_WORST_GAP = 16.0  # trades missing, beyond which a gap is no worse
_REPEATED_SHARE = 0.25
_REPEATED_OVER = 0.05
_SHARE_TICKS = 64  # numbered trades that the share of repeated ones remembers
_CROSSED_MS = 1_000  # books cross for moments
_LIVE_MS = 3_600_000
_SKEW_TICKS = 64  # ticks that the mean distance remembers


@kernel
def number(row: Row, limits: Limits, notes: Notes, count: int, at: int, sequence: int) -> tuple[bool, int]:
    """Take the number of a trade; True for one that came before. A gap is noted at the first trade after it."""
    newest = row["sequence"]
    if newest == 0:
        row["sequence"] = sequence
        row["sequence_seen"] = 1
        return False, count
    if sequence > newest:
        step = sequence - newest
        still_seen = row["sequence_seen"] << np.uint64(step) if step < _SEEN else np.uint64(0)
        row["sequence_seen"] = still_seen | np.uint64(1)
        row["sequence"] = sequence
        if step > 1:
            missed = float(step - 1)
            row["gap_until"] = at + GAP_MS
            count = note(row, limits, notes, count, GAP, at, (min(missed, _WORST_GAP), 1.0), missed, 0.0)
        return False, count
    back = newest - sequence
    if back >= _SEEN or row["sequence_seen"] >> np.uint64(back) & np.uint64(1):
        return True, count
    row["sequence_seen"] |= np.uint64(1) << np.uint64(back)
    return False, count


@kernel
def judge_repeats(row: Row, limits: Limits, notes: Notes, count: int, at: int, again: bool) -> int:
    """Note when a quarter of about the last 64 numbered trades came before; anew once nearly none did."""
    row["repeat_share"] += ((1.0 if again else 0.0) - row["repeat_share"]) / _SHARE_TICKS
    share = row["repeat_share"]
    if share < _REPEATED_OVER:
        row["repeat_seen"] = 0
    if row["repeat_seen"] or row["ticks"] < _SHARE_TICKS or share < _REPEATED_SHARE:
        return count
    row["repeat_seen"] = 1
    return note(row, limits, notes, count, REPEATS, at, (share, _REPEATED_SHARE), share, 0.0)


@kernel
def judge_crossing(row: Row, limits: Limits, notes: Notes, count: int, at: int, is_crossed: bool) -> int:
    """Note when every quote of a second and more was crossed; anew after one that was not."""
    if not is_crossed:
        row["crossed_at"] = 0
        row["crossed_seen"] = 0
        return count
    if row["crossed_at"] == 0:
        row["crossed_at"] = at
    lasted = at - row["crossed_at"]
    if row["crossed_seen"] or lasted < _CROSSED_MS:
        return count
    row["crossed_seen"] = 1
    seconds = lasted / 1000.0
    return note(row, limits, notes, count, CROSSES, at, (seconds, _CROSSED_MS / 1000.0), seconds, 0.0)


@kernel
def judge_clock(row: Row, limits: Limits, notes: Notes, count: int, at: int, produced: int) -> int:
    """Note when event time is off the record timestamps in the mean; anew once it is off by half the limit."""
    ahead = at - produced
    if abs(ahead) >= _LIVE_MS:
        return count
    row["skews"] = min(row["skews"] + 1, _SKEW_TICKS)
    row["skew"] += (ahead - row["skew"]) / row["skews"]
    off = abs(row["skew"])
    if off < 0.5 * limits.skew_ms:
        row["skew_seen"] = 0
    if row["skew_seen"] or row["skews"] < _SKEW_TICKS or off < limits.skew_ms:
        return count
    row["skew_seen"] = 1
    measured = (off / 1000.0, limits.skew_ms / 1000.0)
    return note(row, limits, notes, count, SKEW, at, measured, row["skew"] / 1000.0, 0.0)


@kernel
def distrust(row: Row, at: int) -> int:
    """Say why the figures at ``at`` are not to be trusted, as bits of ``UNTRUSTED``; 0: nothing speaks against them."""
    bits = 0
    if row["stale"]:
        bits |= 1
    if row["bad_seen"]:
        bits |= 2
    if at < row["gap_until"]:
        bits |= 4
    if row["repeat_seen"]:
        bits |= 8
    if row["crossed_seen"]:
        bits |= 16
    if row["skew_seen"]:
        bits |= 32
    return bits


def reasons_of(bits: int) -> tuple[str, ...]:
    """Name what ``distrust`` found."""
    return _REASONS[bits]


_REASONS = [
    tuple(name for place, name in enumerate(UNTRUSTED) if bits >> place & 1) for bits in range(1 << len(UNTRUSTED))
]
