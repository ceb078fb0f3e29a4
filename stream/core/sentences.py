"""Sentences: what a feature means in plain words, and what would have been usual for this customer or terminal."""

from collections.abc import Mapping

from stream.core.names import FEATURES, WINDOWS
from stream.wire.columns import Floats
from stream.wire.events import Reason

_HISTORY = 5  # payments from which on a customer's or terminal's own mean says what is usual
_WORTH_SAYING = 0.1  # share of the score
_SPANS = {"1h": "the last hour", "1d": "the last day", "7d": "the last 7 days", "30d": "the last 30 days"}
_WORDS = {
    "amount": "the amount is {value:,.2f} ({usual:,.2f} is usual)",
    "amount_ratio": "the amount is {value:,.1f} times the customer's own mean of 30 days",
    "amount_robust_z": "the amount is {value:,.1f} robust deviations above the customer's own median",
    "seconds_since_last": "{value:,.0f} s after the customer's last payment ({usual:,.0f} s is usual)",
    "distinct_terminals_30d": "{value:.0f} different terminal{s} in 30 days ({usual:.0f} is usual)",
    "hour_sin": "the hour of the day is unusual",
    "hour_cos": "the hour of the day is unusual",
    "weekday_sin": "the day of the week is unusual",
    "weekday_cos": "the day of the week is unusual",
}
_FAMILIES = {
    "customer_count": "{value:.0f} payment{s} by the customer in {span} ({usual:.1f} is usual)",
    "customer_sum": "{value:,.2f} spent by the customer in {span} ({usual:,.2f} is usual)",
    "customer_mean": "the customer's mean amount over {span} is {value:,.2f} ({usual:,.2f} is usual)",
    "customer_std": "the customer's amounts over {span} vary by {value:,.2f} ({usual:,.2f} is usual)",
    "terminal_count": "{value:.0f} payment{s} at the terminal in {span} ({usual:.1f} is usual)",
    "terminal_mean": "the terminal's mean amount over {span} is {value:,.2f} ({usual:,.2f} is usual)",
    "terminal_fraud_share": "{value:.0%} of the terminal's verdicts in {span} were fraud ({usual:.1%} is usual)",
}


def usual_here(x: Floats, population: Mapping[str, float]) -> dict[str, float]:
    """State what is usual per feature: for this customer or terminal where it has a history, else for all.

    x           (FEATURES,) the event's features
    population  feature → value on an ordinary event
    """
    value = dict(zip(FEATURES, x.tolist(), strict=True))
    usual = dict(population)
    if value["customer_count_30d"] >= _HISTORY:
        usual["amount"] = value["customer_mean_30d"]
    for window in list(WINDOWS)[:-1]:
        if value["terminal_count_30d"] - value[f"terminal_count_{window}"] >= _HISTORY:
            usual[f"terminal_mean_{window}"] = value["terminal_mean_30d"]
    return usual


def phrase(reason: Reason) -> str:
    """Say one reason in words."""
    if reason.value is None:
        return f"there is no history for {reason.feature.replace('_', ' ')}"
    family, _, window = reason.feature.rpartition("_")
    words = _WORDS.get(reason.feature) or _FAMILIES.get(family)
    usual = "" if reason.usual is None else f" ({reason.usual:,.4g} is usual)"
    if words is None:  # a stranger's feature: its name must do
        return f"{reason.feature} is {reason.value:,.4g}{usual}"
    if reason.usual is None:
        words = words.split(" (")[0]
    plural = "" if reason.value == 1 else "s"
    return words.format(value=reason.value, usual=reason.usual, span=_SPANS.get(window, window), s=plural)


def sentence(subject: str, why: tuple[Reason, ...], score: float) -> str:
    """Say an alert in one sentence: the subject, then what made up most of its score, one of each family."""
    families: dict[str, Reason] = {}
    for reason in why:
        name, _, window = reason.feature.rpartition("_")
        if not families or reason.contribution >= _WORTH_SAYING * score:
            families.setdefault(name if window in _SPANS else reason.feature, reason)
    phrases = list(dict.fromkeys(phrase(reason) for reason in families.values()))[:3]
    return f"{subject}: {'; '.join(phrases)}." if phrases else f"{subject}."
