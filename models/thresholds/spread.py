"""How evenly alerts fall on segments of customers, by one threshold and by one of each segment."""

import msgspec
import numpy as np

from models.dataset import Ints
from models.detector import Vector
from models.thresholds.table import Table


class SegmentFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One segment on the test window, at the detector's own budget. None: not defined."""

    segment: int  # 0: too little known
    payments: int
    frauds: int
    mean_amount: float
    genuine_alert_ratio: float | None  # by one threshold for all
    genuine_alert_ratio_per_segment: float | None
    recall: float | None
    recall_per_segment: float | None


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """All segments, and how far their rates of false alerts are apart: greatest less least."""

    segments: list[SegmentFigures]
    gap: float
    gap_per_segment: float


def spread(table: Table, detector: str, segment: Ints, score: Vector, amount: Vector, fraud: Ints) -> Spread:
    """Judge a detector's thresholds on test rows, ``(n,)`` each."""
    rate = table.reach(detector).budget
    alert = score >= table.limits_at(detector, rate, per_segment=False)[segment]
    within = score >= table.limits_at(detector, rate, per_segment=True)[segment]
    found = []
    for one in np.unique(segment).tolist():
        rows = segment == one
        genuine, frauds = rows & (fraud == 0), rows & (fraud == 1)
        found.append(
            SegmentFigures(
                segment=one,
                payments=int(rows.sum()),
                frauds=int(frauds.sum()),
                mean_amount=float(amount[rows].mean()),
                genuine_alert_ratio=_share(alert, genuine),
                genuine_alert_ratio_per_segment=_share(within, genuine),
                recall=_share(alert, frauds),
                recall_per_segment=_share(within, frauds),
            )
        )
    return Spread(
        segments=found,
        gap=_gap([one.genuine_alert_ratio for one in found]),
        gap_per_segment=_gap([one.genuine_alert_ratio_per_segment for one in found]),
    )


def _share(alert: np.ndarray, rows: np.ndarray) -> float | None:
    return float(alert[rows].mean()) if rows.any() else None


def _gap(rates: list[float | None]) -> float:
    known = [rate for rate in rates if rate is not None]
    return max(known) - min(known) if known else 0.0
