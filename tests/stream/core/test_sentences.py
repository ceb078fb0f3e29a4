"""Sentences say what decided, and what would have been usual, in words that an analyst needs no key for."""

import pytest

from stream.core.names import FEATURES
from stream.core.sentences import phrase, sentence, usual_here
from stream.wire.events import Reason


def a_reason(feature: str, value: float | None, usual: float | None, contribution: float = 1.0) -> Reason:
    """One reason."""
    return Reason(feature=feature, value=value, usual=usual, contribution=contribution)


@pytest.mark.parametrize(
    ("feature", "value", "usual", "words"),
    [
        ("amount", 1234.5, 40.0, "the amount is 1,234.50 (40.00 is usual)"),
        ("amount", 40.001, 40.0, "the amount is 40.00"),
        ("amount_robust_z", -6.74, 0.1, "the amount is 6.7 robust deviations below the customer's own median"),
        ("customer_count_1d", 1.0, 2.0, "1 payment by the customer in the last day (2.0 is usual)"),
        ("customer_sum_1h", 482.25, 0.0, "482.25 spent by the customer in the last hour (none is usual)"),
        ("customer_std_30d", None, 22.6, "the customer has fewer than two payments in the last 30 days"),
        (
            "terminal_fraud_share_7d",
            2 / 3,
            0.0,
            "67% of the terminal's verdicts in the last 7 days were fraud (none is usual)",
        ),
        ("seconds_since_last", None, 60.0, "the customer was not seen before"),
        ("move", -0.08, 0.0003, "the price moved by -8.00% (0.03% is usual)"),
        ("till_{age}", 3.0, 1.0, "till_{age} is 3 (1 is usual)"),
        ("till_age", None, None, "till_age is not known"),
    ],
)
def test_a_reason_is_said_in_words(feature: str, value: float | None, usual: float | None, words: str) -> None:
    """The usual value only where it is another one; no history as what it means; a stranger's feature by its name."""
    assert phrase(a_reason(feature, value, usual)) == words


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_has_words(feature: str) -> None:
    """No name of the code stands in a sentence, known or not."""
    for value in (3.0, None):
        told = phrase(a_reason(feature, value, 1.0))

        assert told
        assert "_" not in told
        assert "{" not in told


def test_a_sentence_takes_one_of_each_family_and_leaves_out_what_is_as_usual() -> None:
    """Means over two windows are one fact; a value near the usual one is none; small parts are left out."""
    why = (
        a_reason("customer_mean_30d", 300.0, 45.0, 5.0),
        a_reason("customer_mean_7d", 300.0, 45.0, 2.0),
        a_reason("terminal_mean_1d", 46.0, 45.0, 2.0),
        a_reason("amount", 90.0, 45.0, 1.5),
        a_reason("terminal_count_1d", 9.0, 1.0, 0.1),
    )

    told = sentence("90.00 EUR", why, 10.6)

    assert told == (
        "90.00 EUR: the customer's mean amount over the last 30 days is 300.00 (45.00 is usual); "
        "the amount is 90.00 (45.00 is usual)."
    )


def test_what_is_usual_is_the_customers_own_from_five_payments_on() -> None:
    """Four payments say little; five say what this customer usually pays."""
    few = dict.fromkeys(FEATURES, 0.0) | {"customer_mean_30d": 300.0, "customer_count_30d": 4.0}
    enough = few | {"customer_count_30d": 5.0}
    population = dict.fromkeys(FEATURES, 40.0)

    assert usual_here(few, population)["amount"] == 40.0
    assert usual_here(enough, population)["amount"] == 300.0
