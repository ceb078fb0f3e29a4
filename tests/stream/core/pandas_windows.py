"""The oracle: every feature from a data frame of all that was known before, without state and without kernels."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from stream.core.names import CUSTOMER_FEATURES, TERMINAL_FEATURES, WINDOWS
from stream.wire.columns import Matrix
from tests.stream.core.random_payments import Heard, Paid


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
    median = money.median()
    spread = max(1.4826 * (money - median).abs().median(), 0.01 * median, 0.01) if len(past) else math.nan
    moment = pd.Timestamp(int(payment["at"]), unit="ms")
    day = (moment - moment.floor("D")) / pd.Timedelta(days=1)
    return row | {
        "amount_ratio": amount / money.mean() if money.sum() else math.nan,
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
    return row
