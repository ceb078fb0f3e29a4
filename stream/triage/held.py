"""What was not told: alerts held or undelivered at a sink, and payments whose alert a cooldown of the worker held."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from stream.consume import consumer_of, read_to_end, seek_to_time
from stream.settings import Settings
from stream.triage.deliveries import deliveries_since
from stream.triage.readable import readable
from stream.wire.events import Alert, Scores
from stream.wire.flags import flagged
from stream.wire.topics import ALERTS, SCORES
from stream.wire.triage import Delivery

_BEFORE_MS = 86_400_000  # an alert may be held long after it was emitted
_scores = msgspec.json.Decoder(Scores).decode


class HeldPayment(msgspec.Struct, frozen=True, kw_only=True, tag="held-payment"):
    """A payment above a threshold whose alert the worker held: its customer or terminal was told of shortly before.

    at      event time, epoch ms
    scores  by detector, those at or above their threshold
    """

    transaction: str
    at: int
    scores: dict[str, float]
    thresholds: dict[str, float]


class HeldAlert(NamedTuple):
    """An alert and what became of it at one sink; without its text where retention has taken it."""

    delivery: Delivery
    alert: Alert | None
    id: str


def held_alerts(settings: Settings, since: int) -> list[HeldAlert]:
    """Alerts that a sink was not told of, by what stands on ``deliveries`` since then, epoch ms; oldest first."""
    last: dict[tuple[str, str], Delivery] = {}
    for delivery in deliveries_since(settings, "", since):
        last.update(((delivery.sink, name), delivery) for name in delivery.alerts)
    held = [(name, one) for (_, name), one in last.items() if one.outcome != "told"]
    alerts = _alerts(settings, since - _BEFORE_MS, {name for name, _ in held})
    found = [HeldAlert(one, alerts.get(name), name) for name, one in held]
    return sorted(found, key=lambda one: (one.delivery.at, one.id, one.delivery.sink))


def held_payments(settings: Settings, since: int) -> Iterator[HeldPayment]:
    """Payments whose alert was held by the worker, by what stands on ``scores`` since then, epoch ms."""
    consumer = consumer_of(settings, [SCORES.name], from_beginning=True)
    seen: set[str] = set()
    try:
        seek_to_time(consumer, since)
        for _, value in read_to_end(consumer):
            batch = _scores(value)
            flags = {name: flagged(batch, name) for name in batch.detectors} if batch.held else {}
            for i in batch.held:
                if batch.ids[i] not in seen:  # after a crash a batch may stand there twice
                    seen.add(batch.ids[i])
                    yield _payment(batch, i, [name for name, flag in flags.items() if flag[i]])
    finally:
        consumer.close()


def _payment(batch: Scores, i: int, names: list[str]) -> HeldPayment:
    scores = {name: batch.detectors[name][i] for name in names}
    thresholds = {name: batch.thresholds[name] for name in names}
    return HeldPayment(transaction=batch.ids[i], at=batch.at[i], scores=scores, thresholds=thresholds)


def _alerts(settings: Settings, since: int, names: set[str]) -> dict[str, Alert]:
    if not names:
        return {}
    consumer = consumer_of(settings, [ALERTS.name], from_beginning=True)
    try:
        seek_to_time(consumer, since)
        return {alert.id: alert for alert, _ in readable(read_to_end(consumer)) if alert.id in names}
    finally:
        consumer.close()
