"""Worlds keep their patterns, and the filter that sets their ceiling is Bayes' rule."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from producers.worlds.ceiling import _filter, probabilities
from producers.worlds.drawing import Patterns, draw_patterns
from producers.worlds.payments import DAY_MS, DELAY_MS, START_MS, Lived, live, records
from stream.wire.events import Label, Transaction

SMALL = replace(draw_patterns(5, 0), customers=400, terminals=800, days=30)


def test_a_seed_draws_one_world_after_another() -> None:
    """The same again, each other than the next, none of them the Handbook's."""
    worlds = [draw_patterns(3, number) for number in range(4)]

    assert worlds == [draw_patterns(3, number) for number in range(4)]
    assert len({world.limit for world in (*worlds, Patterns())}) == 5


def test_payments_come_in_order_with_verdicts_a_week_later() -> None:
    """Event time never falls; each verdict is of a payment told before, exactly seven days later, with the truth."""
    lived = live(SMALL, seed=1)
    told = list(records(lived))
    at = [record.event.at for record in told if isinstance(record.event, Transaction | Label)]
    paid = {record.event.id: record.event.at for record in told if isinstance(record.event, Transaction)}
    verdicts = [record.event for record in told if record.topic == "labels" and isinstance(record.event, Label)]

    assert at == sorted(at)
    assert len(paid) == len(lived.at)
    assert {verdict.at - paid[verdict.transaction] for verdict in verdicts} == {DELAY_MS}
    assert len(verdicts) == (lived.at + DELAY_MS <= lived.at[-1]).sum()
    assert all(verdict.fraud == bool(lived.fraud[int(verdict.transaction[1:])]) for verdict in verdicts)


def test_frauds_are_as_often_as_the_patterns_say() -> None:
    """At terminals: the broken share of all payments, from the first day on; above the limit: all of them."""
    world = replace(SMALL, customers=2000, terminals=4000, days=60, stolen=1e-9, limit=1e9)
    lived = live(world, seed=2)

    assert lived.fraud.mean() == pytest.approx(world.broken, rel=0.35)  # some hundred terminals
    few = live(SMALL, seed=3)
    assert few.fraud[few.amount > 100 * SMALL.limit].all()


def by_hand(lived: Lived, known: np.ndarray, days: int, began: float, i: int, *, certain: bool) -> float:
    """Bayes' rule over the day on which the compromise of a payment's terminal began, verdict by verdict."""
    day = (lived.at - START_MS) // DAY_MS
    now = ever = 0.0
    for begin in range(int(day[i]), max(-days, int(day[i]) - 2 * days - 10), -1):
        weight = began
        for j in range(i):
            known_by_now = lived.at[j] + DELAY_MS < lived.at[i]
            if lived.terminal[j] == lived.terminal[i] and begin <= day[j] < begin + days and known_by_now:
                weight *= 0.0 if certain and not lived.fraud[j] else float(np.exp(known[j]))
        ever += weight
        now += weight if begin > day[i] - days else 0.0
    return now / (1.0 + ever)


@pytest.mark.parametrize("certain", [True, False])
def test_the_filter_is_bayes_rule(certain: bool) -> None:
    """Against a sum over every day on which a compromise can have begun, for sixty payments at three terminals."""
    chance = np.random.default_rng(4)
    lived = Lived(
        at=np.sort(START_MS + chance.integers(0, 40 * DAY_MS, 60)),
        customer=np.arange(60),
        terminal=chance.integers(0, 3, 60),
        amount=np.full(60, 1000),
        fraud=(chance.random(60) < 0.4).astype(np.int64),
        mean=np.full(60, 10.0),
    )
    known = np.where(lived.fraud == 1, 2.0, -0.5)
    found = _filter(lived, lived.terminal, known, np.zeros(60), 9, 0.01, certain=certain)

    expected = [by_hand(lived, known, 9, 0.01, i, certain=certain) for i in range(60)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_the_ceiling_expects_as_many_frauds_as_there_are() -> None:
    """In the Handbook's own world, once verdicts have come: calibrated, and far above chance."""
    world = replace(Patterns(), customers=1500, terminals=3000, days=60)
    lived = live(world, seed=6)
    told = probabilities(world, lived)
    late = lived.at >= START_MS + 35 * DAY_MS

    assert told[late].sum() == pytest.approx(lived.fraud[late].sum(), rel=0.15)
    assert Counter((told[late] > 0.5).tolist())[True] > 0.4 * lived.fraud[late].sum()
