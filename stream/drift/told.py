"""A finding as an alert of kind ``model``, by the contract of all alerts: what moved, by how much, since when."""

import hashlib
import math
from importlib.metadata import version

from models.reference import SCORE
from stream.core.alerting import severity
from stream.drift.watch import Finding, Moved
from stream.settings import Settings
from stream.show import number, when
from stream.wire.events import Alert, DetectorRef, Entity, Reason, SourceRef
from stream.wire.topics import SCORES

NAME = "drift"
_SAID = 3
_NOWHERE = -1  # partition and offset of what is no single record's


def alert_of(finding: Finding, settings: Settings, *, now: int) -> Alert:
    """Tell a finding; its id is a function of the model, the hour and what moved. ``now`` is epoch ms.

    The score is the sum of the indices, its threshold that of one column: so severity grows with how much moved. What
    Page–Hinkley found weighs at least the threshold.
    """
    limit = settings.monitor.psi
    moved = sorted(finding.moved, key=lambda one: -weight(one, limit))
    score = sum(weight(one, limit) for one in moved)
    since = min(one.since for one in moved)
    return Alert(
        id=_id(finding),
        kind="model",
        severity=severity(score, limit),
        at=finding.at,
        detected_at=now,
        emitted_at=now,
        produced_at=finding.at,
        entity=Entity(kind="model", id=finding.version),
        score=score,
        threshold=limit,
        reasons=tuple(
            Reason(
                feature=one.column, value=_finite(one.now), usual=_finite(one.usual), contribution=weight(one, limit)
            )
            for one in moved
        ),
        sentence=_sentence(finding, moved),
        detector=DetectorRef(name=NAME, version=version("weir")),
        config=settings.version,
        source=SourceRef(topic=SCORES.name, partition=_NOWHERE, offset=_NOWHERE),
        evidence={
            "model": finding.version,
            "payments": finding.rows,
            "since": since,
            **{f"psi_{one.column}": one.psi for one in moved},
            **{f"ks_{one.column}": one.ks for one in moved},
            **{f"since_{one.column}": one.since for one in moved},
        },
        action="See `weir monitor --once` and docs/drift.md. Is it the input (a producer, a currency, a holiday)? Mend "
        "it. Is it the world? Train anew.",
    )


def weight(one: Moved, limit: float) -> float:
    """What a column adds to the score of the alert."""
    return max(one.psi, limit) if one.creep else one.psi


def _id(finding: Finding) -> str:
    cause = f"{NAME}/{finding.version}/{finding.at}/{','.join(sorted(one.column for one in finding.moved))}"
    return hashlib.blake2b(cause.encode(), digest_size=12).hexdigest()


def _sentence(finding: Finding, moved: list[Moved]) -> str:
    said = "; ".join(_phrase(one) for one in moved[:_SAID])
    more = f"; and {len(moved) - _SAID} more" if len(moved) > _SAID else ""
    since = when(min(one.since for one in moved))[:16]
    return (
        f"Payments are no longer as model {finding.version} learnt them, since about {since} UTC: {said}{more} "
        f"({finding.rows:,} payments looked at)."
    )


def _phrase(one: Moved) -> str:
    is_score = one.column.startswith(SCORE)
    what = f"the score of {one.column.removeprefix(SCORE)}" if is_score else one.column
    how = "has crept" if one.creep else "moved"
    return (
        f"{what} {how} from {number(_finite(one.usual))} to {number(_finite(one.now))} at the median "
        f"(PSI {one.psi:.2f}, KS {one.ks:.2f})"
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
