"""Sentences: what a feature means in plain words, and what would have been usual for this customer or terminal."""

from collections.abc import Mapping

import numpy as np

from stream.core.columns import Floats
from stream.core.names import FEATURES, WINDOWS
from stream.wire.events import Reason

_SPANS = {"1h": "the last hour", "1d": "the last day", "7d": "the last 7 days", "30d": "the last 30 days"}
_WORDS = {
    "amount": "the amount is {value:,.2f} where {usual:,.2f} is usual",
    "amount_ratio": "the amount is {value:,.1f} times the customer's own mean of 30 days",
    "amount_robust_z": "the amount is {value:,.1f} robust deviations above the customer's own median",
    "seconds_since_last": "{value:,.0f} s after the customer's last payment ({usual:,.0f} s is usual)",
    "distinct_terminals_30d": "{value:.0f} different terminals in 30 days ({usual:.0f} is usual)",
    "hour_sin": "the hour of the day is unusual",
    "hour_cos": "the hour of the day is unusual",
    "weekday_sin": "the day of the week is unusual",
    "weekday_cos": "the day of the week is unusual",
}
_FAMILIES = {
    "customer_count": "{value:.0f} payments by the customer in {span} ({usual:.1f} is usual)",
    "customer_sum": "{value:,.2f} spent by the customer in {span} ({usual:,.2f} is usual)",
    "customer_mean": "the customer's mean amount over {span} is {value:,.2f} ({usual:,.2f} is usual)",
    "customer_std": "the customer's amounts over {span} vary by {value:,.2f} ({usual:,.2f} is usual)",
    "terminal_count": "{value:.0f} payments at the terminal in {span} ({usual:.1f} is usual)",
    "terminal_mean": "the terminal's mean amount over {span} is {value:,.2f} ({usual:,.2f} is usual)",
    "terminal_fraud_share": "{value:.0%} of the terminal's verdicts in {span} were fraud ({usual:.1%} is usual)",
}


def usual_here(x: Floats, population: Mapping[str, float]) -> dict[str, float]:
    """State what is usual per feature: for this customer or terminal where its own 30 days tell, else for all.

    x           (FEATURES,) the event's features
    population  feature → value on an ordinary event
    """
    value = dict(zip(FEATURES, x.tolist(), strict=True))
    usual = dict(population)
    own: dict[str, float] = {"amount": value["customer_mean_30d"]}
    for window, width in list(WINDOWS.items())[:-1]:
        share = width / WINDOWS["30d"]
        own[f"customer_count_{window}"] = value["customer_count_30d"] * share
        own[f"customer_sum_{window}"] = value["customer_sum_30d"] * share
        own[f"customer_mean_{window}"] = value["customer_mean_30d"]
        own[f"customer_std_{window}"] = value["customer_std_30d"]
        own[f"terminal_count_{window}"] = value["terminal_count_30d"] * share
        own[f"terminal_mean_{window}"] = value["terminal_mean_30d"]
    usual.update({name: number for name, number in own.items() if np.isfinite(number)})
    return usual


def phrase(reason: Reason) -> str:
    """Say one reason in words."""
    if reason.value is None:
        return f"there is no history for {reason.feature.replace('_', ' ')}"
    family, _, window = reason.feature.rpartition("_")
    words = _WORDS.get(reason.feature) or _FAMILIES.get(family)
    if words is None:  # a stranger's feature: its name must do
        return f"{reason.feature} is {reason.value:,.4g}" + (
            "" if reason.usual is None else f" ({reason.usual:,.4g} is usual)"
        )
    if reason.usual is None:
        words = words.split(" (")[0].split(" where")[0]
    return words.format(value=reason.value, usual=reason.usual, span=_SPANS.get(window, window))


def sentence(subject: str, why: tuple[Reason, ...]) -> str:
    """Say an alert in one sentence: the subject, then the first reasons, each only once."""
    phrases = list(dict.fromkeys(phrase(reason) for reason in why))[:3]
    return f"{subject}: {'; '.join(phrases)}." if phrases else f"{subject}."
