"""No payment sees a verdict before it is known: the whole walk, from records to feature rows."""

import msgspec
import numpy as np
import pytest

from models.detector import Matrix
from producers.plugins import open_source
from stream.core.names import DAY_MS, FEATURES
from stream.replay import Keyed
from stream.settings import Settings
from stream.training_set import feature_set
from stream.wire.events import Label

SMALL = {"customers": 60, "terminals": 12, "days": 40, "terminal_fraud": {"rate": 0.05}}


def a_world() -> list[Keyed]:
    """Forty days of sixty customers at twelve terminals, with verdicts seven days late."""
    records = open_source("cards", seed=4, config=SMALL).records()
    return [(record.topic, record.key, record.event) for record in records]


def turned(records: list[Keyed], since: int) -> list[Keyed]:
    """The same, but every verdict that came at or after ``since`` says the opposite; the truth stays."""
    return [
        (topic, key, msgspec.structs.replace(event, fraud=not event.fraud))
        if topic == "labels" and isinstance(event, Label) and event.at >= since
        else (topic, key, event)
        for topic, key, event in records
    ]


def rows(records: list[Keyed]) -> tuple[Matrix, np.ndarray]:
    """Feature rows and their times."""
    data = feature_set(records, Settings())
    return data.x, data.at


@pytest.mark.parametrize("days", [0, 5, 15])
def test_verdicts_move_no_figure_of_a_payment_before_them(days: int) -> None:
    """All verdicts of the last days turned round: payments before keep every bit; some of those after change.

    With no day it is every verdict about the last seven days of payments, for these come after the last payment.
    """
    records = a_world()
    last = max(event.at for topic, _, event in records if topic == "transactions")  # type: ignore[attr-defined]
    since = last - days * DAY_MS + 1
    before, at = rows(records)
    after, _ = rows(turned(records, since))
    earlier = at < since

    assert after[earlier].tobytes() == before[earlier].tobytes()
    share = FEATURES.index("terminal_fraud_share_7d")
    assert np.array_equal(after[~earlier, share], before[~earlier, share], equal_nan=True) == (days == 0)
