"""Is it healthy: the feeds (how far behind, how long silent), the workers, and what this process itself hears."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import msgspec
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import CoordinatorNotAvailableError, GroupIdNotFoundError, KafkaError

from stream.agents.topics import admin_of
from stream.consume import consumer_of
from stream.settings import Settings
from stream.wire.topics import ALERTS, BY_TERMINAL, DEAD_LETTERS, LABELS, RISK, SCORES, TICKS, TRANSACTIONS

_INPUTS = (TRANSACTIONS.name, LABELS.name, TICKS.name)
_READ = (*_INPUTS, BY_TERMINAL.name)
_OUTPUTS = (ALERTS.name, RISK.name, SCORES.name, DEAD_LETTERS.name)
_FRESH_SECONDS = 2.0
_SILENT_SECONDS = 300.0


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """One topic.

    records  that were ever written to it
    last_at  timestamp of its newest record, epoch ms; None: it is empty, or internal
    lag      records that no worker has committed; None: none reads it
    """

    topic: str
    is_input: bool
    records: int
    last_at: int | None
    lag: int | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """All of it as of ``at``, epoch ms.

    verdict      "healthy", or the gravest of what is not, in words
    is_healthy   in one word
    workers      members of the group
    group_state  as Kafka says it: "Stable", "PreparingRebalance", "Empty", …
    """

    at: int
    is_healthy: bool
    verdict: str
    group: str
    group_state: str
    workers: int
    feeds: list[Feed]


class Doctor:
    """Looks at Kafka when asked, once in two seconds at most, however many ask.

    is_following  whether this process hears its topics
    """

    def __init__(self, settings: Settings, is_following: Callable[[], bool]) -> None:
        self._settings, self._is_following = settings, is_following
        self._lock = threading.Lock()
        self._seen: Health | None = None
        self._seen_at = -_FRESH_SECONDS

    def health(self) -> Health:
        """How it stands. Raises MachineError where no Kafka answers."""
        with self._lock:
            if self._seen is None or time.monotonic() - self._seen_at > _FRESH_SECONDS:
                self._seen, self._seen_at = self._look(), time.monotonic()
            return self._seen

    def _look(self) -> Health:
        kafka = self._settings.kafka
        admin = admin_of(kafka)
        try:
            state, workers = _members(admin, kafka.group)
            committed = _committed(admin, kafka.group)
        finally:
            admin.close()
        feeds = self._feeds(committed)
        lag = sum(feed.lag or 0 for feed in feeds)
        verdict = _verdict(workers, lag, feeds, is_following=self._is_following())
        return Health(
            at=round(1000 * time.time()),
            is_healthy=not verdict,
            verdict=verdict or "healthy",
            group=kafka.group,
            group_state=state,
            workers=workers,
            feeds=feeds,
        )

    def _feeds(self, committed: dict[TopicPartition, int]) -> list[Feed]:
        prefix = self._settings.kafka.prefix
        names = [*_READ, *_OUTPUTS]
        internal = [TopicPartition(prefix + BY_TERMINAL.name, p) for p in range(self._settings.kafka.partitions)]
        with closing(consumer_of(self._settings, [*_INPUTS, *_OUTPUTS], from_beginning=False)) as consumer:
            ends = consumer.end_offsets(consumer.assignment())
            newest = _newest(consumer, ends)
            ends |= consumer.end_offsets(internal)  # how far it reaches; what stands there is the workers' alone
        feeds = []
        for name in names:
            places = [place for place in ends if place.topic == prefix + name]
            lag = sum(max(0, ends[place] - committed.get(place, 0)) for place in places) if name in _READ else None
            times = [newest[place] for place in places if place in newest]
            feeds.append(
                Feed(
                    topic=name,
                    is_input=name in _INPUTS,
                    records=sum(ends[place] for place in places),
                    last_at=max(times, default=None),
                    lag=lag,
                )
            )
        return feeds


def _newest(consumer: Any, ends: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
    """Timestamp of the newest record of every partition that has one."""
    first = consumer.beginning_offsets(list(ends))
    wanted = {place for place, end in ends.items() if end > first[place]}
    for place in wanted:
        consumer.seek(place, ends[place] - 1)
    found: dict[TopicPartition, int] = {}
    deadline = time.monotonic() + _FRESH_SECONDS
    while wanted - found.keys() and time.monotonic() < deadline:
        for place, records in consumer.poll(timeout_ms=100).items():
            found[place] = max(found.get(place, 0), *(record.timestamp for record in records))
    return found


def _members(admin: KafkaAdminClient, group: str) -> tuple[str, int]:
    try:
        found = admin.describe_groups([group])[group]
    except (GroupIdNotFoundError, CoordinatorNotAvailableError, KeyError):  # nobody ever joined
        return "Empty", 0
    return str(found["group_state"]), len(found["members"])


def _committed(admin: KafkaAdminClient, group: str) -> dict[TopicPartition, int]:
    try:
        found = admin.list_group_offsets(group)[group]
    except (KafkaError, KeyError):  # nothing was ever committed
        return {}
    return {place: int(getattr(at, "offset", at)) for place, at in found.items()}


def _verdict(workers: int, lag: int, feeds: list[Feed], *, is_following: bool) -> str:
    """The gravest of what is wrong; "" where nothing is."""
    if not is_following:
        return "this console no longer hears Kafka: what it shows grows old"
    if not workers:
        return f"no worker runs; {lag:,} records wait"
    times = [feed.last_at for feed in feeds if feed.is_input and feed.last_at is not None]
    if not times:
        return "no producer has written anything yet"
    silent = time.time() - max(times) / 1000
    if silent > _SILENT_SECONDS:
        return f"no producer has written anything for {silent / 60:,.0f} minutes"
    return ""
