"""No payment sees a verdict before it is known: the whole walk, from records to feature rows."""

import msgspec
import numpy as np
import pytest

from models.detector import Matrix
from producers.plugins import open_source
from stream.core.names import DAY_MS, FEATURES
from stream.replay import Keyed, Replay, outgoing
from stream.settings import Settings
from stream.training_set import feature_set
from stream.walk import detectors_of
from stream.wire.events import Label, Scores

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


def shuffled(records: list[Keyed], since: int) -> list[Keyed]:
    """The same, but verdicts on payments made at or after ``since`` are dealt out among these by chance."""
    which = [
        i
        for i, (topic, _, event) in enumerate(records)
        if topic == "labels" and isinstance(event, Label) and event.at >= since + 7 * DAY_MS
    ]
    dealt = np.random.default_rng(0).permutation(len(which))
    found = list(records)
    for place, other in zip(which, dealt.tolist(), strict=True):
        topic, key, event = records[place]
        verdict = records[which[other]][2]
        assert isinstance(event, Label)
        assert isinstance(verdict, Label)
        found[place] = (topic, key, msgspec.structs.replace(event, fraud=verdict.fraud))
    return found


def scores_of(records: list[Keyed]) -> dict[str, tuple[float | None, ...]]:
    """Every payment's scores by the shipped detectors."""
    settings = Settings()
    told = outgoing(Replay(settings, detectors_of(settings)).run(one for one in records if one[0] != "truth"))
    batches = [msgspec.json.decode(record.value, type=Scores) for record in told if record.topic == "scores"]
    return {
        name: tuple(column[i] for column in batch.detectors.values())
        for batch in batches
        for i, name in enumerate(batch.ids)
    }


def test_shuffled_verdicts_of_the_last_week_move_no_score() -> None:
    """Ensemble and autoencoder as they ship; the same done to the third week changes some."""
    records = a_world()
    last = max(event.at for topic, _, event in records if topic == "transactions")  # type: ignore[attr-defined]
    before = scores_of(records)

    assert scores_of(shuffled(records, last - 7 * DAY_MS + 1)) == before
    assert scores_of(shuffled(records, last - 21 * DAY_MS)) != before


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
