"""What is offered: simulated events as encoded records, each at the partition that any Kafka client would choose."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from kafka.partitioner.default import murmur2

from producers.cards import Cards
from producers.market import Market
from producers.source import Record
from stream.wire.codec import encode
from stream.wire.columns import Ints
from stream.wire.events import Event, Transaction
from stream.wire.topics import LABELS, TICKS, TRANSACTIONS

CUSTOMERS, TERMINALS, SYMBOLS = 50_000, 10_000, 100
LOUD_AMOUNT = 20_000_00  # minor units: about 400 times the usual payment, an alert by ``LOUD_RULES``
LOUD_RULES = Path(__file__).with_name("loud.toml")
_CARDS = {"terminals": TERMINALS, "labelled_share": 0.05}
_MARKET = {"symbols": [f"S{i:03d}" for i in range(SYMBOLS)]}
_CHANCE = 17  # which stream of chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Records in event-time order, as columns.

    counted  topic whose records count as events; others (labels) ride along
    events   how many records are on it
    lanes    (topic, partition)
    lane     (n,) which lane a record goes to
    number   (n,) records of the counted topic before this one: what it is due by
    """

    counted: str
    events: int
    lanes: list[tuple[str, int]]
    lane: Ints
    number: Ints
    keys: list[bytes]
    values: list[bytes]

    def __len__(self) -> int:
        return len(self.values)

    def in_lane(self, lane: int) -> list[int]:
        """Places of the records of a lane, in order."""
        return [int(place) for place in np.flatnonzero(self.lane == lane)]


def payments(
    count: int,
    *,
    partitions: int,
    seed: int = 1,
    loud_share: float = 0.0,
    labels: bool = True,
    customers: int = CUSTOMERS,
    label_delay_days: float = 1.0,
) -> Material:
    """Simulate ``count`` card payments at 10,000 terminals, a twentieth with a verdict some time later.

    loud_share  [0, 1) of the payments, chosen by chance, are far out of range (``LOUD_AMOUNT``), customers and
                terminals their own
    labels      False: payments alone
    """
    config = {**_CARDS, "customers": customers, "label_delay_days": label_delay_days}
    records: Iterable[Record] = Cards(seed=seed, config=config).records()
    topics = (TRANSACTIONS.name, LABELS.name) if labels else (TRANSACTIONS.name,)
    loud = np.random.default_rng((seed, _CHANCE)).random(count) < loud_share
    return _encoded(records, count, topics, partitions=partitions, loud=loud)


def ticks(count: int, *, partitions: int, seed: int = 1) -> Material:
    """Simulate ``count`` trades and quotes of 100 symbols."""
    records = Market(seed=seed, config=_MARKET).records()
    return _encoded(records, count, (TICKS.name,), partitions=partitions, loud=np.zeros(count, bool))


def _encoded(
    records: Iterable[Record],
    count: int,
    topics: tuple[str, ...],
    *,
    partitions: int,
    loud: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
) -> Material:
    """Take the records of ``topics`` until ``count`` of the first are there."""
    counted = topics[0]
    lane: list[int] = []
    number: list[int] = []
    keys: list[bytes] = []
    values: list[bytes] = []
    events = 0
    base = {topic: i * partitions for i, topic in enumerate(topics)}
    is_loud = loud.tolist()
    for record in records:
        if record.topic not in base:
            continue
        is_counted = record.topic == counted
        key, event = _loud(record.event) if is_counted and is_loud[events] else (record.key, record.event)
        lane.append(base[record.topic] + partition_of(key, partitions))
        number.append(events)
        keys.append(key.encode())
        values.append(encode(event))
        events += is_counted
        if events == count:
            break
    return Material(
        counted=counted,
        events=events,
        lanes=[(topic, partition) for topic in topics for partition in range(partitions)],
        lane=np.array(lane, np.int64),
        number=np.array(number, np.int64),
        keys=keys,
        values=values,
    )


def _loud(event: Event) -> tuple[str, Event]:
    """Make a payment raise an alert, by a customer and at a terminal of its own: nobody else's history is changed."""
    assert isinstance(event, Transaction)  # ticks are never made loud
    name = f"loud-{event.id}"
    return name, msgspec.structs.replace(event, customer=name, terminal=name, amount=LOUD_AMOUNT)


@lru_cache(maxsize=1 << 18)
def partition_of(key: str, partitions: int) -> int:
    """Choose the partition of a key as Kafka's clients do: murmur2, made positive, modulo."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % partitions)
