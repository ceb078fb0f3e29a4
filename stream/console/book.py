"""The book of alerts: the last so many of each partition, and what people have said of them, ready to be asked."""

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from stream.core.triage import Triage
from stream.core.wanted import Wanted
from stream.erasures import Erasure
from stream.wire.events import Alert
from stream.wire.triage import decode_triage

_decode = msgspec.json.Decoder(Alert).decode


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the alerts that were asked for, newest first.

    more  the cursor to go on from; "" where these were the last
    """

    alerts: list[Alert]
    more: str


class Book:
    """Written by one thread, asked by others.

    size  alerts of each partition that are kept; older ones are on their topic
    """

    def __init__(self, size: int) -> None:
        self.triage = Triage()
        self.unreadable = 0
        self.words = 0  # that people said: whoever remembers it knows whether there are more
        self._size = size
        self._lock = threading.Lock()
        self._kept: dict[int, deque[Alert]] = {}
        self._by_id: dict[str, Alert] = {}
        self._fresh: list[Alert] = []

    def take_alert(self, partition: int, value: bytes) -> None:
        """Take a record of ``alerts``; one of a version we do not know is counted."""
        try:
            alert = _decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self.unreadable += 1
            return
        with self._lock:
            kept = self._kept.setdefault(partition, deque())
            if len(kept) == self._size:
                self._by_id.pop(kept.popleft().id, None)
            kept.append(alert)
            self._by_id[alert.id] = alert
            self._fresh.append(alert)
            del self._fresh[: -self._size]

    def take_triage(self, _: int, value: bytes) -> None:
        """Take a record of ``triage``."""
        try:
            self.triage.take(decode_triage(value))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self.unreadable += 1
        self.words += 1

    def take_erasure(self, _: int, value: bytes) -> None:
        """Take a record of ``erasures``: alerts told before it that name the customer are forgotten."""
        try:
            erased = msgspec.json.decode(value, type=Erasure)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self.unreadable += 1
            return
        name = msgspec.json.encode(erased.customer)
        with self._lock:
            for partition, kept in self._kept.items():
                left = [one for one in kept if one.emitted_at > erased.at or name not in msgspec.json.encode(one)]
                self._kept[partition] = deque(left)
            self._by_id = {one.id: one for kept in self._kept.values() for one in kept}
            self._fresh = [one for one in self._fresh if one.id in self._by_id]
        self.words += 1

    def fresh(self) -> list[Alert]:
        """Alerts taken since the last call, oldest first."""
        with self._lock:
            fresh, self._fresh = self._fresh, []
        return fresh

    def get(self, name: str) -> Alert | None:
        """Find an alert by its id."""
        return self._by_id.get(name)

    def newest(self, wanted: Wanted, *, is_open: bool, limit: int, cursor: str = "") -> Page:
        """Find alerts, newest first.

        is_open  only those that nobody has acknowledged, judged or snoozed
        cursor   ``more`` of the page before; "" for the first
        Raises ValueError for a cursor that is none.
        """
        before = _place_of(cursor) if cursor else None
        found: list[Alert] = []
        for alert in self._sorted():
            if before is not None and _place(alert) >= before:
                continue
            if wanted.takes(alert) and not (is_open and self.is_dealt_with(alert)):
                if len(found) == limit:
                    return Page(found, "{}-{}".format(*_place(found[-1])))
                found.append(alert)
        return Page(found, "")

    def is_dealt_with(self, alert: Alert) -> bool:
        """Whether somebody has it in hand, has judged it, or had it snoozed."""
        return bool(self.triage.owner_of(alert.id)) or self.triage.snooze_of(alert) is not None

    def about(self, kind: str, name: str) -> list[Alert]:
        """Alerts that name an entity, in their evidence too, newest first."""
        return [
            one
            for one in self._sorted()
            if (one.entity.kind == kind and one.entity.id == name) or one.evidence.get(kind) == name
        ]

    def _sorted(self) -> Iterator[Alert]:
        with self._lock:
            alerts = list(self._by_id.values())
        return iter(sorted(alerts, key=_place, reverse=True))

    def __len__(self) -> int:
        return len(self._by_id)


def _place(alert: Alert) -> tuple[int, str]:
    return alert.emitted_at, alert.id


def _place_of(cursor: str) -> tuple[int, str]:
    at, dash, name = cursor.partition("-")
    if not (at.isascii() and at.isdigit() and dash):
        raise ValueError(cursor)
    return int(at), name
