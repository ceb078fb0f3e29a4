"""The oracle: every feature from a data frame of all that was known before, without state and without kernels."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from stream.core.names import CUSTOMER_FEATURES, DAY_MS, HOUR_MS, TERMINAL_FEATURES, WINDOWS
from stream.wire.columns import Matrix
from tests.stream.core.random_payments import Heard, Paid

HORIZON = 30 * DAY_MS + HOUR_MS  # of the tables under test


def customer_features(paid: Sequence[Paid]) -> Matrix:
    """Compute the features ``(n, d)`` of each payment from those before it in the sequence."""
    frame = pd.DataFrame(paid, columns=list(Paid._fields)).astype({"amount": "float64"})
    rows = [_of_customer(frame.iloc[:i], frame.iloc[i]) for i in range(len(frame))]
    return np.array([[row[name] for name in CUSTOMER_FEATURES] for row in rows])


def _of_customer(known: pd.DataFrame, payment: pd.Series) -> dict[str, float]:
    mine = known[known.customer == payment.customer]
    amount = payment.amount / 100
    row = {"amount": amount}
    for name, span in WINDOWS.items():
        past = mine[(mine["at"] >= payment["at"] - span) & (mine["at"] < payment["at"])]
        money = past.amount / 100
        row[f"customer_count_{name}"] = len(past)
        row[f"customer_sum_{name}"] = money.sum()
        row[f"customer_mean_{name}"] = money.mean()
        row[f"customer_std_{name}"] = money.std(ddof=1)
        row[f"amount_ratio_{name}"] = amount / money.mean() if money.sum() else math.nan
        row[f"customer_peak_{name}"] = money.max()
    median = money.median()
    spread = max(1.4826 * (money - median).abs().median(), 0.01 * median, 0.01) if len(past) else math.nan
    moment = pd.Timestamp(int(payment["at"]), unit="ms")
    day = (moment - moment.floor("D")) / pd.Timedelta(days=1)
    level = max(median, 0.01)
    return row | {
        "amount_ratio": row["amount_ratio_30d"],
        "amount_to_median_30d": amount / level,
        **{f"customer_peak_{name}": row[f"customer_peak_{name}"] / level for name in WINDOWS},
        "amount_robust_z": (amount - median) / spread,
        "seconds_since_last": (payment["at"] - past["at"].max()) / 1000,
        "distinct_terminals_30d": past.terminal.nunique(),
        "hour_sin": math.sin(2 * math.pi * day),
        "hour_cos": math.cos(2 * math.pi * day),
        "weekday_sin": math.sin(2 * math.pi * moment.day_of_week / 7),
        "weekday_cos": math.cos(2 * math.pi * moment.day_of_week / 7),
    }


def terminal_features(heard: Sequence[Heard]) -> Matrix:
    """Compute the features ``(n, d)`` of each payment from the events before it; zeros for verdicts."""
    frame = pd.DataFrame(heard, columns=list(Heard._fields)).astype({"amount": "float64"})
    out = np.zeros((len(frame), len(TERMINAL_FEATURES)))
    for i in range(len(frame)):
        if frame.kind[i] == 0:
            row = _of_terminal(frame.iloc[:i], frame.iloc[i])
            out[i] = [row[name] for name in TERMINAL_FEATURES]
    return out


def _of_terminal(known: pd.DataFrame, payment: pd.Series) -> dict[str, float]:
    mine = known[known.terminal == payment.terminal]
    row: dict[str, float] = {}
    for name, span in WINDOWS.items():
        past = mine[(mine["at"] >= payment["at"] - span) & (mine["at"] < payment["at"])]
        paid, verdicts = past[past.kind == 0], past[past.kind == 1]
        row[f"terminal_count_{name}"] = len(paid)
        row[f"terminal_mean_{name}"] = paid.amount.mean() / 100
        row[f"terminal_fraud_share_{name}"] = verdicts.amount.mean()
    return row | _run(mine, payment["at"])


def _run(mine: pd.DataFrame, at: int) -> dict[str, float]:
    """What the verdicts say in the order in which they came, however long ago."""
    newest = mine["at"].where(mine.kind == 1).cummax()
    verdicts = mine[(mine.kind == 1) & (mine["at"] >= newest - HORIZON)]
    frauds, clean = verdicts[verdicts.amount == 1], verdicts[verdicts.amount == 0]
    run = frauds[frauds.index > clean.index.max()] if len(clean) else frauds
    paid = [_remembered(mine[(mine.kind == 0) & (mine.index < place)], run.id[place]) for place in run.index]
    found = pd.concat(paid) if paid else mine[:0]
    days = [
        (at - known["at"].iloc[place]) / DAY_MS if len(known) else math.nan
        for known, place in _ends(run, frauds, clean)
    ]
    return {
        "terminal_fraud_run": float(len(run)) if len(verdicts) else math.nan,
        "terminal_fraud_run_days": max(days[0], 0.0),
        "terminal_fraud_days": max(days[1], 0.0),
        "terminal_clean_days": max(days[2], 0.0),
        "terminal_fraud_run_amount": found.amount.min() / 100,
        "terminal_fraud_run_ratio": _rounded(found.ratio.min()),
    }


def _remembered(paid: pd.DataFrame, name: str) -> pd.DataFrame:
    """The newest payment of a name among those that the terminal's own later payments have not made too old."""
    kept = paid[paid["at"] >= paid["at"].max() - HORIZON]
    return kept[kept.id == name].sort_values("at", kind="stable").tail(1)


def _ends(run: pd.DataFrame, frauds: pd.DataFrame, clean: pd.DataFrame) -> list[tuple[pd.DataFrame, int]]:
    return [(run, 0), (frauds, -1), (clean, -1)]


def _rounded(ratio: float) -> float:
    """Nine binary digits, between 2**-8 (and a bit, as nothing else is 0) and 2**8."""
    if math.isnan(ratio):
        return math.nan
    mantissa, exponent = math.frexp(min(max(ratio, 2.0**-8 * (1 + 1 / 256)), 255.9))
    return math.ldexp(math.floor(mantissa * 512) / 512, exponent)
