"""The gates: each says what was asked, what was found, and by how much it fell short."""

import msgspec
import pytest

from models.registry.duel import Comparison, Figures
from models.registry.gates import failed, gates, speed
from models.robust import load
from stream.settings import Registry

LIMITS = Registry(least_frauds=50, least_gain=0.0, most_miscalibration=0.05, most_gap=0.005)


def a_model(model: str, expected: float | None = 1.0, by_group: dict[str, float] | None = None) -> Figures:
    """Figures of one model, of which only these matter to a gate."""
    return Figures(
        model=model,
        average_precision=0.5,
        average_precision_95=(0.4, 0.6),
        roc_auc=0.9,
        brier=0.01,
        expected_over_real=expected,
        expected_error=None if expected is None else 0.04,
        alerts=10,
        alerts_judged=10,
        precision=0.5,
        recall=0.5,
        genuine_alert_ratio=0.002,
        genuine_alert_ratio_by_group=by_group or {},
    )


def a_comparison(**changes: object) -> Comparison:
    """One that passes every gate, but for what is changed."""
    found = Comparison(
        source="made up",
        detector="ensemble",
        since=0,
        until=1,
        rows=10_000,
        rows_judged=9_000,
        frauds=120,
        champion=a_model("a"),
        challenger=a_model("b"),
        gain=0.03,
        gain_95=(0.01, 0.05),
        same_decision=0.99,
        alerts_shared=0.8,
        rank_correlation=0.9,
        only_champion=1,
        only_champion_frauds=0,
        only_challenger=1,
        only_challenger_frauds=1,
        examples={},
    )
    return msgspec.structs.replace(found, **changes)


@pytest.mark.parametrize(
    ("changes", "gate", "says"),
    [
        ({"frauds": 49}, "evidence", "49 frauds among 9,000 payments"),
        ({"gain_95": (-0.012, 0.05)}, "better", "lower end above +0.000; 0.012 short"),
        ({"gain": None, "gain_95": None}, "better", "there is no fraud to tell by"),
        ({"challenger": a_model("b", 1.2)}, "calibrated", "1.200; asked is within 0.130 of 1"),
        ({"challenger": a_model("b", None)}, "calibrated", "no probability"),
        ({"challenger": a_model("b", 1.0, {"n": 0.012, "s": 0.001})}, "fair", "1.100% apart, asked is at most 0.500%"),
    ],
)
def test_one_gate_that_does_not_hold_says_which_and_by_how_much(
    changes: dict[str, object], gate: str, says: str
) -> None:
    """Everything else holds: the limit is the settings', and chance has its allowance (.05 and twice .04 are .13)."""
    lacking = failed(gates(a_comparison(**changes), "promote", LIMITS, 1e9))

    assert [one.name for one in lacking] == [gate]
    assert says in lacking[0].says


def test_a_shadow_may_be_better_a_champion_must_be() -> None:
    """An interval across zero lets a candidate try, and promotes none; one below zero does not even try."""
    unsure, worse = a_comparison(gain_95=(-0.01, 0.02)), a_comparison(gain=-0.02, gain_95=(-0.03, -0.01))

    assert not failed(gates(unsure, "shadow", LIMITS, 1e9))
    assert [one.name for one in failed(gates(unsure, "promote", LIMITS, 1e9))] == ["better"]
    assert [one.name for one in failed(gates(worse, "shadow", LIMITS, 1e9))] == ["better"]


def test_too_slow_is_told_in_payments_a_second() -> None:
    """Ninety thousand where a hundred are asked; without groups nothing is said of fairness but that none was asked."""
    found = gates(a_comparison(), "promote", LIMITS, 90_000.0)

    assert [(one.name, one.says) for one in failed(found)] == [
        ("fast", "90,000 payments/s on one core; asked are 100,000; 10,000 short")
    ]
    assert next(one for one in found if one.name == "fair").says == "not asked: no groups were given (--groups)"


def test_speed_is_that_of_all_detectors_of_a_model_together() -> None:
    """Some number of payments a second; how many is the machine's matter."""
    assert speed([load(None)]) > 0
