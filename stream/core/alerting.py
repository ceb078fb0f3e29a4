"""Alerts: from a score above its threshold to a warning that says why, once per entity and cooldown."""

import hashlib
import math
from collections.abc import Mapping, Sequence

from stream.wire.events import Reason

_STEPS = ((4.0, "critical"), (2.0, "high"), (1.3, "medium"))


def alert_id(topic: str, partition: int, offset: int, detector: str) -> str:
    """Name an alert by its cause alone, so that a repeated cause repeats the name."""
    return hashlib.blake2b(f"{topic}/{partition}/{offset}/{detector}".encode(), digest_size=12).hexdigest()


def severity(score: float, threshold: float) -> str:
    """Grade an alert by how far its score stands above its threshold: low below 1.3 ×, critical from 4 ×."""
    ratio = score / threshold if threshold > 0 else math.inf
    return next((name for least, name in _STEPS if ratio >= least), "low")


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
