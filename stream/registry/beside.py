"""A shadow and the champion on the same stream, from what stands on their topics ``scores``.

A shadow is a worker in a group of its own that reads the champion's topics and writes to others: nobody who reads
alerts or scores sees it, and the champion's workers don't know of it.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field

import msgspec
import numpy as np

from models.detector import Detector
from models.registry.duel import Flags, Payments, Side
from stream.consume import consumer_of, read_places_to_end
from stream.core.names import DAY_MS
from stream.errors import ModelError
from stream.registry.evidence import find
from stream.settings import Settings
from stream.wire.events import Label, Scores, Transaction
from stream.wire.flags import flagged
from stream.wire.topics import LABELS, SCORES, TRANSACTIONS

Place = tuple[int, int]  # partition and offset of a payment
Tell = Callable[[str, int], None]  # what is read, records done


@dataclass(slots=True)
class Scored:
    """What one model told of payments.

    score  payment → score of the detector that is judged, and whether any is at its threshold
    name   payment → transaction id and event time
    other  batches of another model, which served before or after
    """

    score: dict[Place, tuple[float, bool]] = field(default_factory=dict)
    name: dict[Place, tuple[str, int]] = field(default_factory=dict)
    other: int = 0


def shadowing(settings: Settings, model: str) -> Settings:
    """Settings of a shadow's worker: the same inputs, a group and outputs of its own."""
    kafka = settings.kafka
    beside = f"shadow-{model}"
    own = msgspec.structs.replace(
        kafka,
        prefix=f"{kafka.prefix}{beside}-",
        inputs_prefix=kafka.prefix if kafka.inputs_prefix is None else kafka.inputs_prefix,
        group=f"{kafka.group}-{beside}",
    )
    return msgspec.structs.replace(settings, kafka=own)


def told(
    settings: Settings,
    champion: list[Detector],
    challenger: list[Detector],
    *,
    detector: str,
    delay_days: float,
    groups: dict[str, str],
    since: Callable[[int], int],
    tell: Tell,
) -> tuple[Payments, Side, Side]:
    """Read what both told of the same payments, and what the verdicts say so far.

    settings    the champion's
    delay_days  until a verdict is known: younger payments count for agreement alone
    groups      customer → group; empty: not asked
    since       time of the newest payment → of the first that is to count: a shadow scores what it has learnt from, too
    tell        told now and then
    Raises MachineError where a topic is missing (the shadow never ran), ModelError where no payment was scored by both.
    """
    versions = [find(one, detector).version for one in (champion, challenger)]
    places = (settings, shadowing(settings, versions[1]))
    sides = [_scored(place, version, detector, tell) for place, version in zip(places, versions, strict=True)]
    common = sorted(sides[0].score.keys() & sides[1].score.keys(), key=lambda place: sides[0].name[place][1])
    if not common:
        raise ModelError(
            f"scores of {versions[0]} and {versions[1]}: expected payments that both have scored, was none "
            f"({len(sides[0].score):,} and {len(sides[1].score):,} apart): run `weir worker --shadow {versions[1]}`"
        )
    begin = since(sides[0].name[common[-1]][1])
    common = [place for place in common if sides[0].name[place][1] >= begin]
    if not common:
        raise ModelError("scores of both: expected payments later than what either has learnt from, was none yet")
    payments = _payments(settings, common, sides[0], delay_days=delay_days, groups=groups, tell=tell)
    left = _side(sides[0], common, find(champion, detector))
    return payments, left, _side(sides[1], common, find(challenger, detector))


def _payments(
    settings: Settings,
    common: list[Place],
    scored: Scored,
    *,
    delay_days: float,
    groups: dict[str, str],
    tell: Tell,
) -> Payments:
    """Say what the payments were, whose, and what the verdicts say of them so far."""
    at = np.array([scored.name[place][1] for place in common], np.int64)
    names = [scored.name[place][0] for place in common]
    customers = _customers(settings, set(common), tell)
    who = [customers.get(place, "") for place in common]
    frauds, newest = _frauds(settings, tell)
    return Payments(
        at=at,
        id=names,
        customer=np.unique(np.asarray(who), return_inverse=True)[1].reshape(-1).astype(np.int64),
        fraud=np.array([name in frauds for name in names], np.int64),
        judged=at <= max(newest, int(at[-1])) - round(delay_days * DAY_MS),
        group=[groups.get(name, "") for name in who] if groups else (),
    )


def _side(scored: Scored, common: list[Place], detector: Detector) -> Side:
    score = np.array([scored.score[place][0] for place in common])
    alert: Flags = np.array([scored.score[place][1] for place in common], bool)
    return Side(model=detector.version, score=score, probability=detector.probability(score), alert=alert)


def _values(settings: Settings, topic: str, what: str, tell: Tell) -> Iterator[tuple[Place, bytes]]:
    """Partition, offset and value of all that stands on a topic of the champion's inputs or of anybody's outputs."""
    with closing(consumer_of(settings, [topic], from_beginning=True)) as consumer:
        for done, (place, offset, value) in enumerate(read_places_to_end(consumer), 1):
            if done % 5_000 == 0:
                tell(what, done)
            yield (place.partition, offset), value


def _scored(settings: Settings, version: str, detector: str, tell: Tell) -> Scored:
    found = Scored()
    decode = msgspec.json.Decoder(Scores).decode
    for _, value in _values(settings, SCORES.name, f"scores of {version}", tell):
        batch = decode(value)
        if batch.versions.get(detector) != version:
            found.other += 1
            continue
        alert = np.zeros(len(batch.ids), bool)
        for name in batch.detectors:
            alert |= flagged(batch, name)
        score = batch.detectors[detector]
        for i, place in enumerate(zip(batch.partitions, batch.offsets, strict=True)):
            if score[i] is not None:
                found.score[place] = score[i], bool(alert[i])
                found.name[place] = batch.ids[i], batch.at[i]
    return found


def _customers(settings: Settings, wanted: set[Place], tell: Tell) -> dict[Place, str]:
    decode = msgspec.json.Decoder(Transaction).decode
    return {
        place: decode(value).customer
        for place, value in _values(settings, TRANSACTIONS.name, "payments", tell)
        if place in wanted
    }


def _frauds(settings: Settings, tell: Tell) -> tuple[set[str], int]:
    """Payments that a verdict calls fraud, and the time of the newest verdict."""
    decode = msgspec.json.Decoder(Label).decode
    last: dict[str, bool] = {}
    newest = 0
    for _, value in _values(settings, LABELS.name, "verdicts", tell):
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            label = decode(value)
            last[label.transaction] = label.fraud
            newest = max(newest, label.at)
    return {name for name, fraud in last.items() if fraud}, newest
