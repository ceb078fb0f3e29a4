"""Whether groups of customers are treated alike: how often a detector alerts on their genuine payments, finds frauds.

A group is named beside the payments and read here alone: it is never a feature. Source: Hardt, Price & Srebro (2016),
equalised odds; Wilson (1927) for the intervals.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.dataset import Ints

LEAST = 30  # genuine payments, or frauds, from which on a rate of a group says something
_Z = 1.959963984540054  # of 95 %

Flags = NDArray[np.bool_]


class GroupFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One group. None: too few to say; intervals are of 95 %, as if payments were independent."""

    group: str
    payments: int
    frauds: int
    genuine_alert_ratio: float | None
    genuine_alert_ratio_95: tuple[float, float] | None
    recall: float | None
    recall_95: tuple[float, float] | None


class Fairness(msgspec.Struct, frozen=True, kw_only=True):
    """All groups by name, and how far their rates are apart: greatest less least, None below two that are known."""

    groups: list[GroupFigures]
    gap_genuine_alert_ratio: float | None
    gap_recall: float | None


def over_groups(alert: Flags, fraud: Ints, group: Sequence[str]) -> Fairness:
    """Compare groups on the same payments, ``(n,)`` each; ``""`` is in no group."""
    names = np.asarray(group)
    found = [_figures(name, alert, fraud, names == name) for name in np.unique(names).tolist() if name]
    return Fairness(
        groups=found,
        gap_genuine_alert_ratio=_gap([one.genuine_alert_ratio for one in found]),
        gap_recall=_gap([one.recall for one in found]),
    )


def _figures(name: str, alert: Flags, fraud: Ints, mine: Flags) -> GroupFigures:
    genuine, frauds = alert[mine & (fraud == 0)], alert[mine & (fraud == 1)]
    return GroupFigures(
        group=name,
        payments=int(mine.sum()),
        frauds=frauds.size,
        genuine_alert_ratio=float(genuine.mean()) if genuine.size >= LEAST else None,
        genuine_alert_ratio_95=_interval(genuine) if genuine.size >= LEAST else None,
        recall=float(frauds.mean()) if frauds.size >= LEAST else None,
        recall_95=_interval(frauds) if frauds.size >= LEAST else None,
    )


def _interval(flags: Flags) -> tuple[float, float]:
    n, share = flags.size, float(flags.mean())
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    reach = _Z / (1 + _Z**2 / n) * float(np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def _gap(rates: Sequence[float | None]) -> float | None:
    known = [rate for rate in rates if rate is not None]
    return max(known) - min(known) if len(known) > 1 else None
