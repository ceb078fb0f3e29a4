"""A rule that fires makes an alert, live as in replay, that names it with its terms, values and limits."""

from pathlib import Path

import msgspec
import pytest

from models.rules.detector import SCORES
from models.rules.file import EXAMPLE
from models.rules.grammar import parse
from stream.core.names import FEATURES
from stream.errors import SettingsError
from stream.replay import Keyed, Replay, outgoing
from stream.rule_trial import ANY, Fires, try_rules
from stream.settings import Alerts, Settings
from stream.walk import detectors_of
from stream.wire.events import Alert, Label, Transaction
from stream.wire.topics import ALERTS, TRANSACTIONS, TRUTH

START = 1_735_689_600_000
RULES = """
[[rule]]
name = "large"
says = "a large amount"
when = "amount > 90 or customer_count_30d < 0"
severity = "critical"
[[rule]]
name = "third"
says = "a third payment"
when = "customer_count_1d >= 2"
severity = "low"
"""


def payments(*amounts: int) -> list[Keyed]:
    """One customer's payments, a minute apart, minor units."""
    return [
        (
            TRANSACTIONS.name,
            "c1",
            Transaction(id=f"t{i}", at=START + 60_000 * i, customer="c1", terminal=f"m{i}", amount=amount),
        )
        for i, amount in enumerate(amounts)
    ]


def settings_with(folder: Path, *detectors: str, rules: str = RULES) -> Settings:
    """Settings that name the rules."""
    (folder / "mine.toml").write_text(rules)
    return Settings(alerts=Alerts(detectors=detectors, rules=str(folder / "mine.toml"), cooldown_seconds=0))


def test_an_alert_names_each_rule_that_fired_and_what_decided(tmp_path: Path) -> None:
    """The severest speaks and makes severity and score; of its ``or`` only the side that held is told."""
    settings = settings_with(tmp_path)
    records = outgoing(Replay(settings, detectors_of(settings)).run(payments(10_00, 20_00, 95_50)))
    (alert,) = [msgspec.json.decode(record.value, type=Alert) for record in records if record.topic == ALERTS.name]

    assert (alert.detector.name, alert.severity, alert.score) == ("rules", "critical", SCORES["critical"])
    assert sum(reason.contribution for reason in alert.reasons) == pytest.approx(alert.score)
    assert [(reason.feature, reason.value) for reason in alert.reasons] == [("amount", 95.5)]
    assert [(rule.name, [(t.term, t.value, t.limit) for t in rule.terms]) for rule in alert.rules] == [
        ("large", [("amount > 90", 95.5, 90.0)]),
        ("third", [("customer_count_1d >= 2", 2.0, 2.0)]),
    ]
    assert alert.sentence == (
        "95.50 EUR by customer c1 at terminal m2: rule large, a large amount (amount > 90, was 95.5). Also: third."
    )


def test_rules_are_named_in_an_alert_that_another_detector_made(tmp_path: Path) -> None:
    """The autoencoder comes before the rules: its reasons, and the rule beside them."""
    settings = settings_with(tmp_path, "autoencoder", rules=RULES.replace("critical", "low"))
    events = payments(*([10_00, 11_00] * 10), 5_000_00)
    records = outgoing(Replay(settings, detectors_of(settings)).run(events))
    alerts = [msgspec.json.decode(record.value, type=Alert) for record in records if record.topic == ALERTS.name]

    told = {alert.evidence["transaction"]: alert for alert in alerts}
    assert told["t20"].detector.name == "autoencoder"
    assert [rule.name for rule in told["t20"].rules] == ["large", "third"]


def test_rules_are_named_by_their_file_alone() -> None:
    """Not among ``alerts.detectors``, where no file could be given; without a file there are none."""
    assert [detector.name for detector in detectors_of(Settings())] == ["ensemble", "autoencoder"]
    with pytest.raises(SettingsError, match=r"alerts\.rules"):
        detectors_of(Settings(alerts=Alerts(detectors=("rules",), rules=str(EXAMPLE))))


def test_a_trial_counts_what_each_rule_would_have_fired_on(tmp_path: Path) -> None:
    """Four payments, one of them fraud: by hand."""
    events = payments(10_00, 20_00, 95_00, 30_00)
    fraud = Label(transaction="t2", at=START, customer="c1", terminal="m2", fraud=True)
    settings = settings_with(tmp_path)
    (rules,) = detectors_of(settings)
    trial = try_rules(rules, [*events, (TRUTH.name, "c1", fraud)], settings)  # type: ignore[arg-type]  # they are Rules
    blind = try_rules(rules, events, settings)  # type: ignore[arg-type]  # likewise

    assert (trial.payments, trial.frauds, blind.frauds) == (4, 1, None)
    assert trial.rules["large"] == Fires(payments=1, per_1000=250.0, precision=1.0, recall=1.0)
    assert trial.rules["third"] == trial.rules[ANY] == Fires(payments=2, per_1000=500.0, precision=0.5, recall=1.0)
    assert blind.rules["large"] == Fires(payments=1, per_1000=250.0, precision=None, recall=None)


def test_every_feature_may_be_named() -> None:
    """A rule may read whatever a model reads."""
    assert [parse(f"{name} > 0") for name in FEATURES]
