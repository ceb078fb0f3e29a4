"""Judging without applying: the worker's own numbers, to the bit, from rows as the worker writes them."""

import math
from itertools import count

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from models.detector import Detector
from models.robust import load
from models.thresholds.placing import ByCost
from stream.console.scoring.bystander import Bystander
from stream.core.merge import Merged
from stream.core.scoring import Scored
from stream.errors import StateError
from stream.replay import Keyed, Replay
from stream.settings import Kafka, Settings
from stream.wire.columns import Matrix
from stream.wire.events import Alert, Label, Transaction
from stream.wire.topics import ALERTS, LABELS, TRANSACTIONS
from tests.stream.core.random_payments import START

SETTINGS = Settings(kafka=Kafka(partitions=1))
HOUR = 3_600_000


@st.composite
def histories(draw: st.DrawFn) -> list[Keyed]:
    """Payments of three customers at two terminals with verdicts between, the last one a payment."""
    number, at, records = count(), START, list[Keyed]()
    for _ in range(draw(st.integers(1, 40))):
        at += draw(st.sampled_from((0, 1, 60_000, HOUR, 24 * HOUR, 31 * 24 * HOUR)))
        name, customer = f"t{next(number)}", draw(st.sampled_from(("c1", "c2", "c3")))
        terminal, is_fraud = draw(st.sampled_from(("m1", "m2"))), draw(st.booleans())
        if draw(st.integers(0, 4)) == 0:
            label = Label(transaction=name, at=at, customer=customer, terminal=terminal, fraud=is_fraud)
            records.append((LABELS.name, customer, label))
        else:
            payment = paid(name, at, customer, terminal, draw(st.integers(0, 900_000)))
            records.append((TRANSACTIONS.name, customer, payment))
    at += draw(st.sampled_from((1, HOUR, 29 * 24 * HOUR)))
    last = paid("last", at, "c1", "m1", draw(st.integers(0, 9_000_000)))
    return [*records, (TRANSACTIONS.name, "c1", last)]


def paid(name: str, at: int, customer: str, terminal: str, amount: int) -> Transaction:
    """One payment."""
    return Transaction(id=name, at=at, customer=customer, terminal=terminal, amount=amount)


def walked(
    records: list[Keyed], seen: list[Matrix] | None = None, detector: Detector | None = None
) -> tuple[Replay, list[Alert]]:
    """Replay records on one partition; ``seen`` is given the features of the payment ``last``."""

    def look(merged: Merged, x: Matrix, _: Scored) -> None:
        if seen is not None and "last" in merged.id:
            seen.append(x[merged.id.index("last")].copy())

    replay = Replay(SETTINGS, [detector or load(None)], observe=look)
    told = [r.value for output in replay.run(records) for r in output.records if r.topic == ALERTS.name]
    return replay, [msgspec.json.decode(value, type=Alert) for value in told]


def rows_of(replay: Replay) -> tuple[dict[bytes, bytes | None], dict[bytes, bytes | None]]:
    """Rows of customers and terminals, as they would stand on the changelogs."""
    customers, terminals = (
        dict(zip(*stage.state.take_dirty(), strict=True)) for stage in (replay.customers[0], replay.terminals[0])
    )
    return customers, terminals


@budget(max_examples=12, deadline=None)
@given(records=histories())
def test_what_a_bystander_sees_is_what_the_worker_will_see(records: list[Keyed]) -> None:
    """The rows after all but the last payment, then that one: features as the replay of all of it has them."""
    seen: list[Matrix] = []
    walked(records, seen)
    customers, terminals = rows_of(walked(records[:-1])[0])
    payment = records[-1][2]
    assert isinstance(payment, Transaction)
    judged = Bystander(SETTINGS, [load(None)]).judge(payment, customers.get(b"c1"), terminals.get(b"m1"), now=START)

    assert judged.features[0].tobytes() == seen[0].tobytes()


def habits() -> list[Keyed]:
    """Thirty payments of 20 euros, a day apart."""
    days = (paid(f"t{i}", START + i * 24 * HOUR, "c1", "m1", 2_000) for i in range(30))
    return [(TRANSACTIONS.name, "c1", one) for one in days]


def test_the_alert_is_the_one_a_worker_tells() -> None:
    """A payment 200 times the usual: the same sentence, reasons, score and severity."""
    strange = paid("last", START + 30 * 24 * HOUR, "c1", "m1", 400_000)
    told = walked([*habits(), (TRANSACTIONS.name, "c1", strange)])[1][-1]
    customers, terminals = rows_of(walked(habits())[0])
    found = Bystander(SETTINGS, [load(None)]).judge(strange, customers[b"c1"], terminals[b"m1"], now=START).alert

    assert found is not None
    assert told.evidence["transaction"] == "last"
    for field in ("sentence", "reasons", "score", "severity", "probability", "entity", "detector"):
        assert getattr(found, field) == getattr(told, field), field


def test_a_limit_of_the_payments_own_decides_as_it_does_for_the_worker() -> None:
    """By the cost of a review: of a dozen amounts the same ones alert, above the least of all limits or not."""
    detector = ByCost(load(None), review_cost=30.0, large_amount=4_000.0)
    customers, terminals = rows_of(walked(habits())[0])
    bystander = Bystander(SETTINGS, [detector])
    spared = alerts = 0
    for amount in (2_000, 4_000, 5_000, 6_000, 7_000, 8_000, 10_000, 14_000, 20_000, 50_000, 100_000, 400_000):
        payment = paid("last", START + 30 * 24 * HOUR, "c1", "m1", amount)
        told = walked([*habits(), (TRANSACTIONS.name, "c1", payment)], detector=detector)[1]
        judged = bystander.judge(payment, customers[b"c1"], terminals[b"m1"], now=START)
        spared += not told and judged.scores["robust"] >= detector.threshold
        alerts += len(told)

        assert (judged.alert is not None) == bool(told) == (judged.scores["robust"] >= judged.limit)
        assert all(judged.limit == alert.threshold for alert in told)

    assert spared
    assert alerts


def test_judging_again_what_the_worker_knows_gives_the_same() -> None:
    """The worker has committed the payment meanwhile: it is no part of its own history."""
    strange = paid("last", START + 30 * 24 * HOUR, "c1", "m1", 400_000)
    before, after = rows_of(walked(habits())[0]), rows_of(walked([*habits(), (TRANSACTIONS.name, "c1", strange)])[0])
    bystander = Bystander(SETTINGS, [load(None)])
    first, again = (bystander.judge(strange, c[b"c1"], m[b"m1"], now=START) for c, m in (before, after))

    assert np.array_equal(first.features, again.features, equal_nan=True)
    assert first.scores == again.scores


def test_who_was_never_seen_is_judged_without_history() -> None:
    """No row of either: finite scores, and nothing is left behind for the next one."""
    bystander = Bystander(SETTINGS, [load(None)])
    new = paid("last", START, "c9", "m9", 2_000)
    first, again = bystander.judge(new, None, None, now=START), bystander.judge(new, None, None, now=START)

    assert all(map(math.isfinite, first.scores.values()))
    assert np.array_equal(first.features, again.features, equal_nan=True)
    assert first.alert is None


def test_a_row_of_another_release_is_refused() -> None:
    """A layout that is not known says so, and harms no later question."""
    bystander = Bystander(SETTINGS, [load(None)])
    with pytest.raises(StateError):
        bystander.judge(paid("last", START, "c1", "m1", 1), (99).to_bytes(4, "little") * 9, None, now=START)
    assert bystander.judge(paid("last", START, "c1", "m1", 1), None, None, now=START).scores
