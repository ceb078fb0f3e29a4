"""A tree over columns says what plain Python says of each payment by itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.columns import truth
from models.rules.grammar import parse
from tests.models.rules.expressions import NAMES, conditions, payments
from tests.models.rules.oracle import verdict


@given(conditions, st.lists(payments, min_size=1, max_size=6))
def test_a_batch_says_what_plain_python_says_of_each_payment(text: str, batch: list[dict[str, float]]) -> None:
    """Any expression, any payments, unknown values among them: holds, fails and unknown are those of the oracle."""
    columns = {name: np.array([payment.get(name, np.nan) for payment in batch]) for name in NAMES}
    holds, fails = truth(parse(text), columns)

    assert [True if h else False if f else None for h, f in zip(holds, fails, strict=True)] == [
        verdict(text, payment) for payment in batch
    ]


@pytest.mark.parametrize(
    ("text", "amount", "holds"),
    [
        ("amount > 5", 6.0, True),
        ("amount > 5", np.nan, False),
        ("not amount > 5", np.nan, False),
        ("not amount > 5", 5.0, True),
        ("amount != 5", np.nan, False),
        ("amount > 5 or 1 < customer_count_1h", 6.0, True),
        ("amount > 5 and 1 < customer_count_1h", 6.0, False),
        ("amount / (amount - 6) > 0", 6.0, False),
        ("0 < amount < 10", 6.0, True),
        ("max(amount, 7) == 7 and abs(-amount) == 6", 6.0, True),
    ],
)
def test_what_is_unknown_never_fires(text: str, amount: float, *, holds: bool) -> None:
    """By hand: an unknown amount, an unknown count, a division by zero."""
    columns = {"amount": np.array([amount]), "customer_count_1h": np.array([np.nan])}

    assert truth(parse(text), columns)[0].tolist() == [holds]
