"""What a reader of ``scores`` takes for flagged is what the worker flagged, wherever thresholds were moved to."""

import msgspec
import pytest

from producers.cards import Cards
from stream.core.stage import Output
from stream.replay import Replay
from stream.settings import Settings
from stream.walk import detectors_of
from stream.wire.events import Alert, Scores
from stream.wire.flags import flagged
from stream.wire.topics import ALERTS, SCORES, TRUTH

TINY = {"customers": 150, "terminals": 60, "days": 21}


@pytest.mark.parametrize("alerts", [{"per_segment": True}, {"review_cost": 8.0}], ids=lambda one: next(iter(one)))
def test_a_reader_flags_the_payments_that_the_worker_alerts_on_or_holds(alerts: dict[str, float]) -> None:
    """Three weeks of cards: flagged by any detector are those with an alert and those whose alert was held."""
    settings = msgspec.convert({"kafka": {"partitions": 2}, "alerts": alerts}, Settings)
    records = (record for record in Cards(seed=5, config=TINY).records() if record[0] != TRUTH.name)
    found, alerted, held, spared = set[str](), set[str](), set[str](), 0
    for output in Replay(settings, detectors_of(settings)).run(records):
        alerted |= _alerted(output)
        for scores in (msgspec.json.decode(r.value, type=Scores) for r in output.records if r.topic == SCORES.name):
            flags = [flagged(scores, name) for name in scores.detectors]
            found |= {name for name, *yes in zip(scores.ids, *flags, strict=True) if any(yes)}
            held |= {scores.ids[i] for i in scores.held}
            spared += sum(map(len, scores.spared.values()))

    assert found == alerted | held
    assert alerted
    assert spared


def _alerted(output: Output) -> set[str]:
    alerts = (msgspec.json.decode(r.value, type=Alert) for r in output.records if r.topic == ALERTS.name)
    return {str(alert.evidence["transaction"]) for alert in alerts}
