"""The Handbook's protocol, held to counting by hand on a small made-up table."""

from itertools import product

import numpy as np
import pytest

from models.judging.handbook_features import handbook_features
from models.judging.protocol import fold, last_folds
from stream.core.names import DAY_MS
from stream.errors import ModelError

MONDAY = 1_514_764_800_000  # 1 January 2018, UTC


def a_table(n: int = 400, days: int = 44, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Payments of nine cards at five terminals, a tenth of them fraud, with ties and exact window borders."""
    chance = np.random.default_rng(seed)
    at = MONDAY + np.sort(chance.integers(0, 8 * days, n)) * DAY_MS // 8
    at[-1] = MONDAY + days * DAY_MS - 1
    amount = np.round(chance.uniform(1, 99, n), 2)
    return at, chance.integers(0, 9, n), chance.integers(0, 5, n), amount, (chance.random(n) < 0.1).astype(np.int64)


def test_the_fifteen_features_are_what_a_loop_over_all_payments_counts() -> None:
    """Every window of every payment, by the words of the Handbook: the payment itself counts, verdicts a week late."""
    at, customer, terminal, amount, fraud = a_table()
    features = handbook_features(at, customer, terminal, amount, fraud)

    for i, (columns, place) in product(range(len(at)), ((customer, 3), (terminal, 9))):
        delay = 0 if place == 3 else 7
        for w, days in enumerate((1, 7, 30)):
            end, begin = at[i] - delay * DAY_MS, at[i] - (delay + days) * DAY_MS
            rows = [j for j in range(len(at)) if columns[j] == columns[i] and begin < at[j] <= end]
            values = [amount[j] if place == 3 else fraud[j] for j in rows]
            expected = [len(rows), sum(values) / len(rows) if rows else 0.0]
            assert features[i, place + 2 * w : place + 2 * w + 2] == pytest.approx(expected)


def test_weekend_and_night_are_those_of_the_handbook() -> None:
    """Six o'clock is still night; Saturday and Sunday are the weekend."""
    hours = np.array([0, 6, 7, 5 * 24 + 12, 6 * 24 + 23, 7 * 24])
    one = np.zeros(6, np.int64)
    features = handbook_features(MONDAY + hours * 3_600_000, one, one, np.ones(6), one)

    assert features[:, 1].tolist() == [0, 0, 0, 1, 1, 0]
    assert features[:, 2].tolist() == [1, 1, 0, 0, 0, 1]


def test_test_days_leave_out_the_cards_whose_fraud_was_known() -> None:
    """Card by card and day by day, by the words of the protocol."""
    at, customer, _, _, fraud = a_table(900, seed=3)
    begin = MONDAY + 9 * DAY_MS
    chosen = fold(at, customer, fraud, begin)
    day = [(t - begin) // DAY_MS for t in at.tolist()]

    expected = []
    for i in range(len(at)):
        if 14 <= day[i] < 21:
            frauds = [day[j] for j in range(len(at)) if customer[j] == customer[i] and fraud[j]]
            if not any(0 <= d < 7 + (day[i] - 14) for d in frauds):
                expected.append(i)
    assert chosen.test.tolist() == expected
    assert chosen.train.tolist() == [i for i in range(len(at)) if 0 <= day[i] < 7]
    assert 0 < len(expected) < sum(14 <= d < 21 for d in day)


def test_the_last_four_folds_end_with_the_data() -> None:
    """On the Handbook's data, which ends on 4 September 2018, these are the published ones, from 25 July on."""
    at, customer, _, _, fraud = a_table(days=157 - 90)
    folds = last_folds(at, customer, fraud)

    assert [(MONDAY + 67 * DAY_MS - one.begin) // DAY_MS for one in folds] == [42, 35, 28, 21]
    with pytest.raises(ModelError, match="expected at least 42 days, was"):
        last_folds(at[at >= at[-1] - 30 * DAY_MS], customer, fraud)
