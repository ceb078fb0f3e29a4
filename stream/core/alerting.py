"""Alerts: from a score above its threshold to a warning that says why, once per entity and cooldown."""

import hashlib
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from stream.wire.events import Reason

SEVERITIES = ("low", "medium", "high", "critical")
_STEPS = (1.3, 2.0, 4.0)  # times the threshold


def alert_id(topic: str, partition: int, offset: int, detector: str) -> str:
    """Name an alert by its cause alone, so that a repeated cause repeats the name."""
    return hashlib.blake2b(f"{topic}/{partition}/{offset}/{detector}".encode(), digest_size=12).hexdigest()


def severity(score: float, threshold: float) -> str:
    """Grade an alert by how far its score stands above its threshold: low below 1.3 ×, critical from 4 ×."""
    ratio = score / threshold if threshold > 0 else math.inf
    return SEVERITIES[bisect_right(_STEPS, ratio)]


def severity_of_loss(expected: float, steps: Sequence[float]) -> str:
    """Grade an alert by the loss to be expected: low below the first of three steps, critical from the last.

    expected  probability of fraud × :func:`amount_at_risk`, currency units
    steps     3 rising, currency units
    """
    return SEVERITIES[bisect_right(steps, expected)]


def amount_at_risk(kind: str, value: Mapping[str, float]) -> float:
    """Say what may be lost before somebody has looked: the payment, and a day of the entity as its last seven were.

    kind   "customer" or "terminal"
    value  feature → value, all of ``stream.core.names.FEATURES``
    -> currency units
    """
    if kind == "terminal":
        week = value["terminal_count_7d"] * (_finite(value["terminal_mean_7d"]) or 0.0)
    else:
        week = value["customer_sum_7d"]
    return value["amount"] + week / 7.0


def reasons(
    features: Sequence[str],
    value: Mapping[str, float],
    usual: Mapping[str, float],
    contributions: Sequence[float],
    top: int,
) -> tuple[Reason, ...]:
    """Take the ``top`` features by contribution, largest first, each with its value and the usual one.

    value, usual   feature → value; nan, or none at all, becomes None
    contributions  d, in the order of ``features``
    """
    order = sorted(range(len(features)), key=contributions.__getitem__, reverse=True)[:top]
    return tuple(
        Reason(
            feature=features[i],
            value=_finite(value[features[i]]),
            usual=_finite(usual.get(features[i], math.nan)),
            contribution=contributions[i],
        )
        for i in order
        if contributions[i] > 0
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
