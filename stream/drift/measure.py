"""False alarms a day without drift, and how long planted drift stays untold: simulated cards through the same code."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import numpy as np

from models.detector import Detector
from models.reference import Reference, reference_of
from producers.cards import Cards
from stream.core.names import DAY_MS, HOUR_MS
from stream.core.sampling import unpack_features
from stream.drift.monitor import Monitor
from stream.drift.plants import PLANTS
from stream.drift.watch import Finding
from stream.replay import Keyed, Replay, outgoing
from stream.settings import Settings
from stream.wire.columns import Matrix
from stream.wire.events import Scores
from stream.wire.topics import SCORES

_FILL = 31  # days until every window is full
_LEARN = 30  # days after these that make the reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One world with one drift.

    false_alarms  model alerts on days without drift; ``days`` of them
    delay_hours   event time from the drift to the first alert; None: none came, or no drift was planted
    columns       what that alert names
    false_columns what the false ones name, each as often as it was named
    """

    plant: str
    seed: int
    days: float
    false_alarms: int
    delay_hours: float | None
    columns: tuple[str, ...]
    false_columns: tuple[str, ...]


def measure(
    settings: Settings, detectors: Sequence[Detector], plant: str, *, seed: int, customers: int, quiet: int, after: int
) -> Trial:
    """Let a world run, learn the reference from its second month, and count alerts.

    plant   of ``plants.PLANTS``
    quiet   days after that month without drift
    after   days with it
    """
    days = _FILL + _LEARN + quiet + (after if plant != "none" else 0)
    sizes = {"customers": customers, "terminals": 2 * customers}
    world = Cards(seed=seed, config={**settings.producers.get("cards", {}), **sizes, "days": days})
    begin = round(datetime.combine(world.config.start, datetime.min.time(), UTC).timestamp() * 1000)
    learn, judge = begin + _FILL * DAY_MS, begin + (_FILL + _LEARN) * DAY_MS
    change = judge + quiet * DAY_MS
    records = PLANTS[plant][1](_until(world.records(), begin + days * DAY_MS), change)
    found = list(_watch(settings, detectors, records, learn, judge))
    early = [one for one in found if plant == "none" or one.at <= change]
    late = [one for one in found if one not in early]
    return Trial(
        plant=plant,
        seed=seed,
        days=float(quiet),
        false_alarms=len(early),
        delay_hours=(late[0].at - change) / HOUR_MS if late else None,
        columns=tuple(one.column for one in late[0].moved) if late else (),
        false_columns=tuple(one.column for finding in early for one in finding.moved),
    )


def _until(records: Iterator[Keyed], end: int) -> Iterator[Keyed]:
    for record in records:
        if record[2].at < end:  # type: ignore[attr-defined]  # all of this producer's have one
            yield record


def _watch(
    settings: Settings, detectors: Sequence[Detector], records: Iterator[Keyed], learn: int, judge: int
) -> Iterator[Finding]:
    """Learn until ``judge``, then watch: a reference is made once, by whom is asked for it first."""
    kept: list[Matrix] = []

    def reference(_: str) -> Reference:
        return reference_of(np.concatenate(kept), detectors)

    monitor: Monitor | None = None
    for partition, scores in _scores(settings, detectors, records):
        if scores.at[0] < judge:
            x = unpack_features(scores)
            if scores.at[0] >= learn and x is not None:
                kept.append(x)
            continue
        if monitor is None:
            monitor = Monitor(settings.monitor, (), reference, warm_at=judge)
        yield from monitor.scores(partition, scores)
    if monitor is not None:
        yield from monitor.finish()


def _scores(
    settings: Settings, detectors: Sequence[Detector], records: Iterator[Keyed]
) -> Iterator[tuple[int, Scores]]:
    decode: Callable[[bytes], Scores] = msgspec.json.Decoder(Scores).decode
    for record in outgoing(Replay(settings, detectors).run(records)):
        if record.topic == SCORES.name:
            assert record.partition is not None
            yield record.partition, decode(record.value)
