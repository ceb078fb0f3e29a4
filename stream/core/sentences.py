"""Sentences: what a feature means in plain words, and what would have been usual for this customer or terminal."""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from stream.core.names import WINDOWS
from stream.wire.events import FiredRule, Reason

_HISTORY = 5  # payments from which on a customer's or terminal's own mean says what is usual
_WORTH_SAYING = 0.1  # share of the score
_NEAR = 0.05  # of the usual value: as good as usual
_SHORTER = [(f"terminal_count_{window}", f"terminal_mean_{window}") for window in list(WINDOWS)[:-1]]
_SPANS = {"1h": "the last hour", "1d": "the last day", "7d": "the last 7 days", "30d": "the last 30 days"}


class _Words(NamedTuple):
    """How a feature, or a family of one feature per window, is said."""

    said: str
    value: str = ""  # its format
    usual: str = ""  # that of the usual value; empty: not said
    unknown: str = ""  # what is said where there is no history


_WORDS = {
    "amount": _Words("the amount is {value}", ",.2f", ",.2f"),
    "amount_ratio": _Words(
        "the amount is {value} times the customer's own mean of 30 days",
        ",.1f",
        unknown="the customer has no earlier payment to compare with",
    ),
    **{
        f"amount_ratio_{window}": _Words(
            "the amount is {value} times the customer's mean of {span}",
            ",.1f",
            unknown="the customer has no payment in {span} to compare with",
        )
        for window in ("1d", "7d")
    },
    "amount_to_median_30d": _Words(
        "the amount is {value} times the customer's own median of 30 days",
        ",.1f",
        unknown="the customer has no earlier payment to compare with",
    ),
    "customer_peak": _Words(
        "the customer's largest amount in {span} is {value} times the median",
        ",.1f",
        ",.1f",
        "the customer has no payment in {span}",
    ),
    "amount_robust_z": _Words(
        "the amount is {value} robust deviations {side} the customer's own median",
        ",.1f",
        unknown="the customer has too few payments to compare with",
    ),
    "seconds_since_last": _Words(
        "{value} s after the customer's last payment", ",.0f", ",.0f", "the customer was not seen before"
    ),
    "distinct_terminals_30d": _Words("{value} different terminal{s} in 30 days", ".0f", ".0f"),
    "hour_sin": _Words("the hour of the day is unusual"),
    "hour_cos": _Words("the hour of the day is unusual"),
    "weekday_sin": _Words("the day of the week is unusual"),
    "weekday_cos": _Words("the day of the week is unusual"),
    "customer_count": _Words("{value} payment{s} by the customer in {span}", ".0f", ".1f"),
    "customer_sum": _Words("{value} spent by the customer in {span}", ",.2f", ",.2f"),
    "customer_mean": _Words(
        "the customer's mean amount over {span} is {value}", ",.2f", ",.2f", "the customer has no payment in {span}"
    ),
    "customer_std": _Words(
        "the customer's amounts over {span} vary by {value}",
        ",.2f",
        ",.2f",
        "the customer has fewer than two payments in {span}",
    ),
    "terminal_count": _Words("{value} payment{s} at the terminal in {span}", ".0f", ".1f"),
    "terminal_mean": _Words(
        "the terminal's mean amount over {span} is {value}", ",.2f", ",.2f", "the terminal has no payment in {span}"
    ),
    "terminal_fraud_share": _Words(
        "{value} of the terminal's verdicts in {span} were fraud",
        ".0%",
        ".1%",
        "the terminal has no verdict in {span}",
    ),
    "terminal_fraud_run": _Words(
        "the terminal's latest {value} verdict{s} in a row: fraud", ".0f", ".1f", "the terminal has no verdict"
    ),
    "terminal_fraud_run_days": _Words(
        "nothing but fraud at the terminal for {value} days", ",.1f", "", "the terminal's latest verdict is no fraud"
    ),
    "terminal_fraud_days": _Words(
        "the terminal's last fraud was known {value} days ago", ",.1f", "", "no fraud is known of the terminal"
    ),
    "terminal_clean_days": _Words(
        "the terminal's last genuine verdict came {value} days ago",
        ",.1f",
        ",.1f",
        "no genuine verdict is known of the terminal",
    ),
    "terminal_fraud_run_amount": _Words(
        "the smallest amount among the terminal's latest frauds is {value}",
        ",.2f",
        "",
        "the amounts of the terminal's latest frauds are not known",
    ),
    "terminal_fraud_run_ratio": _Words(
        "the least odd of the terminal's latest frauds was {value} times its customer's mean",
        ",.1f",
        "",
        "how odd the terminal's latest frauds were is not known",
    ),
    "move": _Words("the price moved by {value}", "+.2%", ".2%"),
    "drawdown": _Words("the price is {value} below its peak", ".2%"),
    "bar_return": _Words("the price moved by {value} in one bar", "+.2%"),
    "quoted_spread_ratio": _Words("the quoted spread is {value} of the price", ".3%", ".3%"),
    "silence_seconds": _Words("no tick for {value} s", ",.0f", ",.1f"),
    "bad_tick_ratio": _Words("{value} of the latest ticks were refused", ".0%", ".0%"),
}


def usual_here(value: Mapping[str, float], population: Mapping[str, float]) -> dict[str, float]:
    """State what is usual per feature: for this customer or terminal where it has a history, else for all.

    value       feature → value of the event, all of ``FEATURES``
    population  feature → value on an ordinary event
    """
    usual = dict(population)
    if value["customer_count_30d"] >= _HISTORY:
        usual["amount"] = value["customer_mean_30d"]
    month = value["terminal_count_30d"]
    for shorter, mean in _SHORTER:
        if month - value[shorter] >= _HISTORY:
            usual[mean] = value["terminal_mean_30d"]
    return usual


def phrase(reason: Reason) -> str:
    """Say one reason in words, with what is usual where it is another value."""
    words, span = _words_of(reason.feature)
    if words is None:  # a stranger's feature: its name must do
        said, words = f"{reason.feature} is {_format(reason.value, ',.4g')}", _Words("", ",.4g", ",.4g")
    elif reason.value is None:
        return words.unknown.format(span=span) or f"{reason.feature.replace('_', ' ')} is not known"
    else:
        value = abs(reason.value) if "{side}" in words.said else reason.value
        side, plural = "below" if reason.value < 0 else "above", "" if reason.value == 1 else "s"
        said = words.said.format(value=_format(value, words.value), span=span, side=side, s=plural)
    form = words.usual
    if reason.usual is None or not form or _format(reason.value, form) == _format(reason.usual, form):
        return said
    usual = "none" if reason.usual == 0.0 and words.said else _format(reason.usual, form)
    return f"{said} ({usual} is usual)"


def sentence(subject: str, why: tuple[Reason, ...], score: float) -> str:
    """Say an alert in one sentence: the subject, then what made up most of its score, one of each family."""
    families: dict[str, Reason] = {}
    for reason in why:
        name, _, window = reason.feature.rpartition("_")
        if not _is_usual(reason) and (not families or reason.contribution >= _WORTH_SAYING * score):
            families.setdefault(name if window in _SPANS else reason.feature, reason)
    phrases = list(dict.fromkeys(phrase(reason) for reason in families.values()))[:3]
    return f"{subject}: {'; '.join(phrases)}." if phrases else f"{subject}."


def by_rules(subject: str, rules: tuple[FiredRule, ...]) -> str:
    """Say an alert that a rule made: its name and meaning, each deciding term with the value seen; others by name."""
    first, *others = rules
    terms = "; ".join(f"{term.term}, was {_format(term.value, ',.6g')}" for term in first.terms)
    also = f" Also: {', '.join(rule.name for rule in others)}." if others else ""
    return f"{subject}: rule {first.name}, {first.says} ({terms}).{also}"


@cache
def _words_of(feature: str) -> tuple[_Words | None, str]:
    """The words of a feature or its family, and its window in words."""
    family, _, window = feature.rpartition("_")
    return _WORDS.get(feature) or (_WORDS.get(family) if window in _SPANS else None), _SPANS.get(window, "")


def _is_usual(reason: Reason) -> bool:
    """Tell whether the value is as good as usual, where that can be said at all."""
    words, _ = _words_of(reason.feature)
    if reason.value is None or reason.usual is None or (words is not None and not words.usual):
        return False
    return abs(reason.value - reason.usual) <= _NEAR * abs(reason.usual)


def _format(value: float | None, form: str) -> str:
    if value is None:
        return "not known"
    return "none" if value == 0.0 and form.endswith("%") else format(value, form)
