"""How near a threshold a payment was: every detector's score beside what would have made it another alert, or none."""

import math
from dataclasses import dataclass

from stream.core.alerting import severity

_STEPS = ((1.0, "passes"), (1.3, "medium"), (2.0, "high"), (4.0, "critical"))  # of the threshold, as alerts are graded


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """One detector.

    ratio    score over threshold; at 1 and above it alerts
    limit    the nearest score at which something changes, in the detector's unit
    becomes  what it would be beyond that: "passes", or a severity
    """

    detector: str
    score: float
    threshold: float
    severity: str
    ratio: float
    limit: float
    becomes: str


def margins(scores: dict[str, float], limits: dict[str, float]) -> list[Margin]:
    """Measure every detector's score against its limit on this payment, the nearest first; none where no score is."""
    found = [_margin(name, score, limits[name]) for name, score in scores.items() if math.isfinite(limits[name])]
    return sorted(found, key=lambda one: abs(one.score - one.limit) / one.threshold)


def _margin(name: str, score: float, threshold: float) -> Margin:
    ratio = score / threshold
    step = min(range(len(_STEPS)), key=lambda i: abs(ratio - _STEPS[i][0]))
    at, above = _STEPS[step]
    below = "passes" if step == 0 else severity(_STEPS[step - 1][0] * threshold, threshold)
    rises = ratio < at
    return Margin(
        detector=name,
        score=score,
        threshold=threshold,
        severity=severity(score, threshold) if ratio >= 1.0 else "passes",
        ratio=ratio,
        limit=at * threshold,
        becomes=(severity(at * threshold, threshold) if step == 0 else above) if rises else below,
    )
