"""Live figures by verdicts, held to scikit-learn and pandas on the same events, in whatever order they come."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_score, recall_score

from models.robust import load
from stream.core.names import DAY_MS
from stream.drift.monitor import Figures, Monitor
from stream.drift.outcomes import Live
from stream.settings import Monitor as Limits
from stream.wire.events import Alert, Label, Scores
from tests.stream.drift.records import START, a_record
from tests.stream.some_alert import an_alert

LIMITS = Limits(currency_per_review=4.0, days=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Payments as a table, and as records of the three topics."""

    table: pd.DataFrame
    scores: list[Scores]
    alerts: list[Alert]
    labels: list[Label]


def a_world(payments: int, seed: int, *, share: float = 0.05) -> World:
    """Payments of ten days with two detectors, one with limits of payments' own; some alerts held; verdicts late."""
    chance = np.random.default_rng(seed)
    fraud = chance.random(payments) < share
    table = pd.DataFrame(
        {
            "id": [f"t{i}" for i in range(payments)],
            "at": START + np.sort(chance.integers(0, 10 * DAY_MS, payments)),
            "fraud": fraud,
            "one": chance.exponential(0.4, payments) + 0.8 * fraud,
            "two": chance.exponential(0.3, payments) + 0.3 * fraud,
            "amount": chance.integers(100, 50_000, payments),
            "delay": chance.uniform(0.1, 12.0, payments),
            "judged": chance.random(payments) < 0.9,
            "limit": 1.0 + 0.5 * (np.arange(payments) % 3),
        }
    )
    table["any"] = (table.one >= table.limit) | (table.two >= 1.2)
    table["held"] = table["any"] & (chance.random(payments) < 0.3)
    table["told"] = table["any"] & ~table.held
    records = []
    for start in range(0, payments, 500):
        cut = table[start : start + 500].reset_index(drop=True)
        records.append(
            a_record(
                cut["at"].tolist(),
                {"one": cut.one.tolist(), "two": cut.two.tolist()},
                ids=cut.id.tolist(),
                thresholds={"one": 1.0, "two": 1.2},
                held=np.flatnonzero(cut.held).tolist(),
                spared={"one": np.flatnonzero((cut.one >= 1.0) & (cut.one < cut.limit)).tolist()},
            )
        )
    told, judged = table[table.told], table[table.judged]
    alerts = [
        an_alert(f"a{name}", evidence={"transaction": name, "amount": amount})
        for name, amount in zip(told.id.tolist(), told.amount.tolist(), strict=True)
    ]
    known = (judged["at"] + judged.delay * DAY_MS).astype(int).tolist()
    labels = [
        Label(transaction=name, at=at, customer="c", terminal="m", fraud=is_fraud)
        for name, at, is_fraud in zip(judged.id.tolist(), known, judged.fraud.tolist(), strict=True)
    ]
    return World(table=table, scores=records, alerts=alerts, labels=sorted(labels, key=lambda label: label.at))


def figures_of(world: World, *, room: int = 100_000, seed: int = 0) -> Figures:
    """Let a monitor take all records, topics mixed by chance, each in its own order."""
    monitor = Monitor(LIMITS, (), lambda _: None, room=room)
    queues: list[list[Scores | Alert | Label]] = [list(world.scores), list(world.alerts), list(world.labels)]
    order = np.repeat([0, 1, 2], [len(queue) for queue in queues])
    np.random.default_rng(seed).shuffle(order)
    for which in order.tolist():
        event = queues[which].pop(0)
        if isinstance(event, Scores):
            list(monitor.scores(0, event))
        elif isinstance(event, Alert):
            monitor.alert(event)
        else:
            monitor.label(event)
    list(monitor.finish())
    return monitor.figures()


def test_figures_are_those_of_scikit_learn_in_any_order_of_topics() -> None:
    """Precision, recall, recall at delay and false alarms per 1,000, of each detector and of what was told."""
    world = a_world(6_000, seed=1)
    known = world.table[world.table.judged]

    for seed in range(3):
        figures = figures_of(world, seed=seed)
        for subject in ("told", "any"):
            _check(_live(figures, subject), known, known[subject])
        _check(_live(figures, "one"), known, known.one >= known.limit)
        _check(_live(figures, "two"), known, known.two >= 1.2)
        assert figures.unmatched == 0


def test_savings_are_the_amounts_of_frauds_told_less_the_reviews() -> None:
    """Minor units, over alerts that were told and have a verdict; each review costs 4.00."""
    world = a_world(4_000, seed=2)
    told = world.table[world.table.judged & world.table.told]

    money = figures_of(world).money

    assert money.caught == told[told.fraud].amount.sum()
    assert money.reviews == 400 * len(told)
    assert money.saved == told[told.fraud].amount.sum() - 400 * len(told)
    late = Monitor(LIMITS, (), lambda _: None)
    for record in world.scores:
        list(late.scores(0, record))
    for label in world.labels:
        late.label(label)
    for alert in world.alerts:
        late.alert(alert)
    list(late.finish())
    assert late.figures().money == money, "an alert that is read after its verdict"


def test_a_verdict_that_is_taken_back_counts_as_the_last_one() -> None:
    """Every verdict turned round by a later one gives the figures of the turned ones alone."""
    world = a_world(1_500, seed=3)
    turned = [
        Label(transaction=one.transaction, at=one.at, customer="c", terminal="m", fraud=not one.fraud)
        for one in world.labels
    ]
    both = World(table=world.table, scores=world.scores, alerts=world.alerts, labels=[*world.labels, *turned])
    only = World(table=world.table, scores=world.scores, alerts=world.alerts, labels=turned)

    assert figures_of(both).live == figures_of(only).live


def test_memory_is_bounded_and_the_sample_is_fair() -> None:
    """With room for 1,000 a drawer 60,000 payments give figures within four standard errors, in a thousand entries."""
    world = a_world(60_000, seed=4)
    known = world.table[world.table.judged]

    figures = figures_of(world, room=1_000)

    live = _live(figures, "any")
    recall = recall_score(known.fraud, known["any"])
    assert all(count < 1_000 for count, _ in figures.kept.values())
    assert figures.kept["passed"][1] > 8
    assert live.genuine == pytest.approx((~known.fraud).sum(), rel=0.15)
    missed = (known.fraud & ~known["any"]).sum() / figures.kept["passed"][1]
    assert live.recall == pytest.approx(recall, abs=4 * recall * (1 - recall) / np.sqrt(missed) + 0.02)


def test_a_verdict_about_an_unknown_payment_is_counted_as_such() -> None:
    """Of a payment from before the monitor's memory nothing is known, and no recall is made of it."""
    world = a_world(500, seed=5)
    stranger = Label(transaction="elsewhere", at=START, customer="c", terminal="m", fraud=True)
    more = World(table=world.table, scores=world.scores, alerts=world.alerts, labels=[*world.labels, stranger])

    assert figures_of(more).unmatched == 1
    assert figures_of(more).live == figures_of(world).live


def test_expected_performance_is_right_where_probabilities_are() -> None:
    """Outcomes drawn from the probabilities themselves: expected precision, recall and frauds are those that come."""
    detector = load(None)
    chance = np.random.default_rng(6)
    score = chance.exponential(0.6 * detector.threshold, 40_000)
    probability = detector.probability(score)
    assert probability is not None
    fraud = chance.random(score.size) < probability
    at = (START + np.arange(score.size) * 1_000).tolist()
    record = a_record(at, {"robust": score.tolist()}, thresholds={"robust": detector.threshold})
    record.versions["robust"] = detector.version
    monitor = Monitor(LIMITS, [detector], lambda _: None)

    list(monitor.scores(0, record))
    for i in range(score.size):
        monitor.label(Label(transaction=f"t{i}", at=at[i], customer="c", terminal="m", fraud=bool(fraud[i])))

    figures = monitor.figures()
    live, expected = _live(figures, "robust"), figures.estimated[0]
    assert expected.precision == pytest.approx(live.precision, rel=0.1)
    assert expected.recall == pytest.approx(live.recall, rel=0.1)
    assert figures.expected_over_real["robust"] == pytest.approx(probability.sum() / fraud.sum(), rel=1e-9)


def _live(figures: Figures, subject: str) -> Live:
    return next(live for live in figures.live if live.subject == subject)


def _check(live: Live, known: pd.DataFrame, flagged: "pd.Series[bool]") -> None:
    assert live.precision == pytest.approx(precision_score(known.fraud, flagged))
    assert live.recall == pytest.approx(recall_score(known.fraud, flagged))
    assert live.false_alarms_per_1000 == pytest.approx(1000 * (flagged & ~known.fraud).sum() / (~known.fraud).sum())
    for days, recall in live.recall_by_days.items():
        soon = known.delay <= days
        assert recall == pytest.approx(recall_score(known.fraud[soon], flagged[soon]))
