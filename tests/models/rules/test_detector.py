"""Rules are a detector as any other: scores that follow severity, parts that sum, and words that say what decided."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contract import check_detector
from models.detector import Matrix, Telling
from models.rules.detector import SCORES, Rules, load
from models.rules.file import EXAMPLE, Rule, Severity
from models.rules.grammar import parse
from stream.core.alerting import severity as graded
from tests.models.rules.expressions import conditions, payments
from tests.models.rules.oracle import verdict


def a_rule(text: str, *, name: str = "one", severity: Severity = "medium") -> Rule:
    """One rule, without examples."""
    return Rule(name=name, says="so", text=text, condition=parse(text), severity=severity, cases=())


def rows(rules: Rules, *given_: dict[str, float]) -> Matrix:
    """Payments as the detector's matrix; what is not given is unknown."""
    return np.array([[payment.get(name, np.nan) for name in rules.features] for payment in given_])


def test_rules_keep_the_contract_of_detectors() -> None:
    """The example that ships, through the test that a stranger's plug-in runs."""
    rules = check_detector(lambda path: load(path or Path()), EXAMPLE)

    assert isinstance(rules, Telling)


@pytest.mark.parametrize("severity", SCORES)
def test_a_rules_severity_is_that_of_its_alert(severity: Severity) -> None:
    """The score is chosen so that the policy of alerts grades it likewise."""
    rules = Rules((a_rule("amount > 5", severity=severity),))
    (score,) = rules.score(rows(rules, {"amount": 6.0})).tolist()

    assert graded(score, rules.threshold) == severity


def test_the_severest_rule_that_fires_makes_the_score() -> None:
    """Two fire: the alert is as severe as the severer one, and names it first."""
    rules = Rules(
        (
            a_rule("amount > 5", name="a"),
            a_rule("amount > 6", name="b", severity="high"),
            a_rule("amount > 9", name="c"),
        )
    )
    x = rows(rules, {"amount": 7.0}, {"amount": 6.0}, {"amount": 1.0}, {})

    assert rules.score(x).tolist() == [2.0, 1.3, 0.0, 0.0]
    assert [rule.name for rule in rules.fired(x[:1])] == ["b", "a"]
    assert rules.fired(x[2:3]) == ()


def test_terms_that_decided_share_the_score() -> None:
    """By hand: of an ``or`` only what holds, of a ``not`` what fails; a term's part is split over its features."""
    rules = Rules((a_rule("(amount > 5 or amount_ratio > 3) and not customer_sum_1d < amount", severity="critical"),))
    x = rows(rules, {"amount": 6.0, "amount_ratio": 1.0, "customer_sum_1d": 8.0})
    (parts,) = rules.explain(x).tolist()
    (fired,) = rules.fired(x)

    assert dict(zip(rules.features, parts, strict=True)) == {
        "amount": 2.0 + 1.0,
        "customer_sum_1d": 1.0,
        "amount_ratio": 0.0,
    }
    assert [(term.text, term.value, term.limit) for term in fired.terms] == [
        ("amount > 5", 6.0, 5.0),
        ("not customer_sum_1d < amount", 8.0, 6.0),
    ]


def test_the_limit_is_the_side_without_a_feature() -> None:
    """``5 < amount`` is told as ``amount > 5`` is: value 6, limit 5."""
    rules = Rules((a_rule("5 < amount"),))
    (fired,) = rules.fired(rows(rules, {"amount": 6.0}))

    assert [(term.value, term.limit) for term in fired.terms] == [(6.0, 5.0)]


@given(st.lists(conditions, min_size=1, max_size=3), st.lists(payments, min_size=1, max_size=4))
def test_any_rules_explain_their_scores(texts: list[str], batch: list[dict[str, float]]) -> None:
    """Whatever the rules: those that fire are the oracle's, parts sum to the score, and each that fires has a term."""
    rules = Rules(tuple(a_rule(text, name=f"r{i}", severity="high") for i, text in enumerate(texts)))
    x = rows(rules, *batch)
    expected = [[verdict(text, payment) is True for text in texts] for payment in batch]

    assert rules.holds(x).tolist() == expected
    assert rules.score(x).tolist() == [2.0 * any(fires) for fires in expected]
    assert rules.explain(x).sum(axis=1) == pytest.approx(rules.score(x))
    for i in range(len(x)):
        told = rules.fired(x[i : i + 1])
        assert [rule.name for rule in told] == [f"r{j}" for j, fires in enumerate(expected[i]) if fires]
        assert all(rule.terms for rule in told)
