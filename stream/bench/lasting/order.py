"""Whether payments were judged in order, each once: read from ``scores`` alone, however many there are.

A customer's payments stand on one partition of ``transactions`` in the order of time, and a terminal's are judged on
one partition of ``scores``. So on each partition of ``scores`` the offsets of any partition of ``transactions`` must
rise; and where they only rise, none came twice, and to count is enough to know that none is missing.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec
import numpy as np

from stream.errors import WeirError
from stream.wire.events import Scores

_scores = msgspec.json.Decoder(Scores).decode


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on ``scores``.

    payments  judged
    behind    of those asked about, judged after a younger one of the same partition of ``scores``, by event time
    """

    payments: int
    behind: int


def judge_order(values: Iterable[tuple[int, bytes]], *, since: int) -> Judged:
    """Go through ``scores`` of a ``Flow``.

    values  pairs of partition and value, in the order of each partition
    since   payment from which on to ask whether any was behind. None may be while all partitions of ``transactions``
            hold more; one that was read to its end is not waited for, so before there is a backlog some will be
    Raises WeirError where a payment was judged twice or before an earlier one of its customer.
    """
    last: defaultdict[tuple[int, int], int] = defaultdict(lambda: -1)
    newest: defaultdict[int, int] = defaultdict(int)
    payments = behind = 0
    for place, value in values:
        found = _scores(value)
        partitions, offsets = np.array(found.partitions, np.int64), np.array(found.offsets, np.int64)
        for origin in np.unique(partitions).tolist():
            own = offsets[partitions == origin]
            if own[0] <= last[place, origin] or (np.diff(own) <= 0).any():
                raise WeirError(
                    f"scores-{place}: expected the offsets of transactions-{origin} to rise beyond "
                    f"{last[place, origin]}: a payment was judged twice or too early"
                )
            last[place, origin] = int(own[-1])
        asked = np.array([int(name[1:]) >= since for name in found.ids])
        at = np.array(found.at, np.int64)[asked]
        if at.size:
            highest = np.maximum.accumulate(np.maximum(at, newest[place]))
            behind += int((highest > at).sum())
            newest[place] = int(highest[-1])
        payments += len(found.ids)
    return Judged(payments=payments, behind=behind)
