"""One alert of a small simulated world, explained from the events of its customer and terminal."""

from dataclasses import dataclass
from functools import cache

import msgspec

from models.detector import Detector
from models.robust import load
from producers.cards import Cards
from stream.explanation import Explanation, explain_from
from stream.replay import Keyed, Replay, outgoing
from stream.settings import Settings
from stream.wire.events import Alert, Label, Transaction
from stream.wire.topics import ALERTS, TRUTH

SETTINGS = msgspec.convert({"kafka": {"partitions": 2}}, Settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An alert with all that was known, and what decides."""

    explained: Explanation
    detectors: list[Detector]
    history: list[Keyed]

    @property
    def payment(self) -> Transaction:
        """The payment that the alert is about."""
        name = self.explained.alert.evidence["transaction"]
        return next(e for _, _, e in self.history if isinstance(e, Transaction) and e.id == name)


@cache
def a_case() -> Case:
    """The last alert on an amount far out of the customer's own range, of three weeks of cards."""
    world = Cards(seed=5, config={"customers": 150, "terminals": 60, "days": 21})
    records = [record for record in world.records() if record[0] != TRUTH.name]
    detectors: list[Detector] = [load(None)]
    alerts = [
        msgspec.json.decode(record.value, type=Alert)
        for record in outgoing(Replay(SETTINGS, detectors).run(records))
        if record.topic == ALERTS.name
    ]
    alert = [alert for alert in alerts if alert.reasons[0].feature == "amount_robust_z"][-1]
    who = alert.evidence["customer"], alert.evidence["terminal"]
    history: list[Keyed] = [
        (topic, key, event)
        for topic, key, event in records
        if isinstance(event, Transaction | Label) and (event.customer == who[0] or event.terminal == who[1])
    ]
    return Case(explained=explain_from(SETTINGS, alert, detectors, history), detectors=detectors, history=history)
