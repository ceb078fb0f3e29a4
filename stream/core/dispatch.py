"""What one sink is told, and when: alerts in, notices and held alerts out; no clock, no network, no Kafka.

An alert waits in its group until that is due. Then it is told, together with what waits beside it, or held: snoozed,
acknowledged meanwhile, in its group's cooldown, over its route's budget of the day. One notice at a time is tried;
while the sink does not take it the others wait, and their groups grow.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from stream.core.routing import group_of, route_of
from stream.core.triage import Triage
from stream.settings import Notify, Route
from stream.wire.events import Alert
from stream.wire.triage import Delivery, Notice

DAY_MS = 86_400_000
MOST_ALERTS = 100  # in one notice
_MOST_GROUPS = 20_000  # remembered, before those are forgotten that no cooldown needs
Key = tuple[str, str]  # route, group
Place = tuple[int, int]  # partition, offset on ``alerts``


class _Waiting(NamedTuple):
    alert: Alert
    place: Place
    since: int


@dataclass(slots=True)
class _Trial:
    """The notice that the sink is to take."""

    key: Key
    notice: Notice
    places: dict[str, Place]  # by alert id
    since: int
    again_at: int
    tries: int = 0


@dataclass(slots=True)
class _History:
    """What was told of one group."""

    told_at: int = -1
    held: int = 0  # since then


@dataclass(slots=True)
class Dispatch:
    """Everything that waits for one sink, and what it was told before.

    sink      its name
    settings  routes, tries, time between them
    now       arguments below: wall clock, epoch ms, never falling
    """

    sink: str
    settings: Notify
    _waiting: dict[Key, list[_Waiting]] = field(default_factory=dict)
    _trial: _Trial | None = None
    _groups: dict[Key, _History] = field(default_factory=dict)
    _spent: dict[tuple[str, int], int] = field(default_factory=dict)  # route, day → notices told
    _done: set[str] = field(default_factory=set)  # alerts settled before the start, perhaps to be read again
    _next: dict[int, int] = field(default_factory=dict)  # partition → offset after the last alert taken
    _ends: dict[int, int] = field(default_factory=dict)  # partition → where it ended at the start
    _read_since: int = 0

    def resume(self, positions: Mapping[int, int], ends: Mapping[int, int], since: int) -> None:
        """Go on from there, before anything is taken.

        positions  per partition, the first offset to be taken
        ends       likewise, where ``alerts`` ends now: up to there an alert may have been settled before the start
        since      from when on the record of deliveries was read
        """
        self._next, self._ends, self._read_since = dict(positions), dict(ends), since

    def remember(self, delivery: Delivery) -> None:
        """Take note of what was told or held before the start, oldest first."""
        self._done.update(delivery.alerts)
        self._note(delivery)

    def take(self, alert: Alert, place: Place, now: int) -> None:
        """Take the next alert of a partition."""
        self.skip(place)
        if alert.id in self._done:
            self._done.discard(alert.id)
            return
        route = route_of(alert, self.sink, self.settings.routes)
        if route is not None:
            key = (route, group_of(alert, self._route(route)))
            self._waiting.setdefault(key, []).append(_Waiting(alert, place, now))

    def skip(self, place: Place) -> None:
        """Pass over what is no alert."""
        self._next[place[0]] = place[1] + 1

    def due_at(self) -> int | None:
        """When there will be something to do, epoch ms; None: not before the next alert."""
        if self._trial is not None:
            return self._trial.again_at
        return min((self._due(key, waiting) for key, waiting in self._waiting.items()), default=None)

    def decide(self, triage: Triage, now: int) -> "Notice | list[Delivery] | None":
        """Say what to do now.

        -> a notice to hand to the sink: then call ``told`` or ``failed``; alerts that are held, to be written down and
           settled; None: nothing yet
        """
        if self._trial is not None:
            return self._again(self._trial, triage, now)
        for key, waiting in self._waiting.items():
            if self._due(key, waiting) <= now:
                return self._compose(key, waiting, triage, now)
        return None

    def told(self, now: int) -> Delivery:
        """Take note that the sink took the notice; the record of it is to be written, and settled."""
        return self._closed("told", "", now)

    def failed(self, why: str, now: int, *, is_final: bool) -> Delivery | None:
        """Take note that it did not.

        is_final  trying again is of no use
        -> None: it is tried again; else the record that it is undelivered, to be written and settled
        """
        trial = self._tried()
        limit = self.settings
        if is_final or trial.tries >= limit.tries:
            return self._closed("undelivered", why, now)
        wait = min(limit.retry_seconds * 2.0 ** min(trial.tries - 1, 60), limit.longest_retry_seconds)
        trial.again_at = now + round(1000 * wait)
        return None

    def settle(self, deliveries: Iterable[Delivery]) -> None:
        """Forget alerts that are written down: once that is durable they need not be read again."""
        for delivery in deliveries:
            self._note(delivery)
            names = set(delivery.alerts)
            if self._trial is not None and names & self._trial.places.keys():
                self._trial = None
            self._leave((delivery.route, delivery.group), names)

    def positions(self) -> dict[int, int]:
        """Per partition, the offset from which alerts would have to be read again."""
        first = dict(self._next)
        for partition, offset in self._places():
            first[partition] = min(first[partition], offset)
        return first

    def since(self, now: int) -> int:
        """From when on the record of deliveries matters to who goes on from ``positions``, epoch ms."""
        times = [one.since for waiting in self._waiting.values() for one in waiting]
        if self._trial is not None:
            times.append(self._trial.since)
        if any(offset < self._ends.get(partition, 0) for partition, offset in self.positions().items()):
            times.append(self._read_since)  # among what would be read again may be what was settled long ago
        return min(times, default=now)

    def place_of(self, alert: str) -> Place | None:
        """Where an alert stands that is being tried."""
        return None if self._trial is None else self._trial.places.get(alert)

    @property
    def size(self) -> int:
        """Alerts that wait, those being tried too."""
        return sum(1 for _ in self._places())

    def horizon(self, now: int) -> int:
        """From when on the record of deliveries decides cooldowns and budgets, epoch ms."""
        longest = max((route.cooldown_seconds for route in self.settings.routes.values()), default=0.0)
        return min(now - now % DAY_MS, now - round(1000 * longest))

    def _leave(self, key: Key, names: set[str]) -> None:
        left = [one for one in self._waiting.pop(key, ()) if one.alert.id not in names]
        if left:
            self._waiting[key] = left

    def _route(self, name: str) -> Route:
        return self.settings.routes[name]

    def _due(self, key: Key, waiting: list[_Waiting]) -> int:
        return waiting[0].since + round(1000 * self._route(key[0]).wait_seconds)

    def _places(self) -> Iterable[Place]:
        for waiting in self._waiting.values():
            yield from (one.place for one in waiting)
        if self._trial is not None:
            yield from self._trial.places.values()

    def _compose(self, key: Key, waiting: list[_Waiting], triage: Triage, now: int) -> "Notice | list[Delivery]":
        held = [why for one in waiting if (why := self._hushed(one.alert, key, triage, now))]
        if held:
            return held
        waiting = waiting[:MOST_ALERTS]
        route, past = self._route(key[0]), self._groups.get(key, _History())
        if past.told_at >= 0 and now < past.told_at + round(1000 * route.cooldown_seconds):
            return [self._held(one.alert, key, "cooldown", "", now) for one in waiting]
        if route.budget_a_day and self._spent.get((key[0], now // DAY_MS), 0) >= route.budget_a_day:
            return [self._held(one.alert, key, "budget", "", now) for one in waiting]
        alerts = tuple(sorted((one.alert for one in waiting), key=lambda alert: (alert.emitted_at, alert.id)))
        notice = Notice(id=_name(alerts), sink=self.sink, route=key[0], group=key[1], alerts=alerts, held=past.held)
        places = {one.alert.id: one.place for one in waiting}
        self._trial = _Trial(key, notice, places, min(one.since for one in waiting), now)
        self._leave(key, {one.alert.id for one in waiting})
        return notice

    def _again(self, trial: _Trial, triage: Triage, now: int) -> "Notice | list[Delivery] | None":
        alerts = trial.notice.alerts
        if all(triage.owner_of(alert.id) for alert in alerts):
            return [self._held(a, trial.key, "acknowledged", triage.owner_of(a.id), now) for a in alerts]
        return trial.notice if trial.again_at <= now else None

    def _hushed(self, alert: Alert, key: Key, triage: Triage, now: int) -> Delivery | None:
        """Hold an alert that people want to hear nothing of."""
        snooze = triage.snooze_of(alert)
        if snooze is not None:
            return self._held(alert, key, "snoozed", snooze.id, now)
        owner = triage.owner_of(alert.id)
        return self._held(alert, key, "acknowledged", owner, now) if owner else None

    def _held(self, alert: Alert, key: Key, why: str, by: str, now: int) -> Delivery:
        names, (route, group) = (alert.id,), key
        return Delivery(
            id=alert.id, at=now, sink=self.sink, route=route, group=group, outcome="held", why=why, by=by, alerts=names
        )

    def _tried(self) -> _Trial:
        assert self._trial is not None
        self._trial.tries += 1
        return self._trial

    def _closed(self, outcome: str, why: str, now: int) -> Delivery:
        assert self._trial is not None
        trial, notice = self._trial, self._trial.notice
        tries = trial.tries + (outcome == "told")
        names = tuple(alert.id for alert in notice.alerts)
        return Delivery(
            id=notice.id,
            at=now,
            sink=self.sink,
            route=notice.route,
            group=notice.group,
            outcome=outcome,
            why=why,
            alerts=names,
            tries=tries,
        )

    def _note(self, delivery: Delivery) -> None:
        key = (delivery.route, delivery.group)
        past = self._groups.setdefault(key, _History())
        if delivery.outcome == "told":
            past.told_at, past.held = max(past.told_at, delivery.at), 0
            day = (delivery.route, delivery.at // DAY_MS)
            self._spent[day] = self._spent.get(day, 0) + 1
        elif delivery.outcome == "held" and delivery.why in ("cooldown", "budget"):
            past.held += 1
        if len(self._groups) > _MOST_GROUPS:
            self._forget(delivery.at)

    def _forget(self, now: int) -> None:
        cooldown = {name: round(1000 * route.cooldown_seconds) for name, route in self.settings.routes.items()}
        self._groups = {key: past for key, past in self._groups.items() if past.told_at + cooldown.get(key[0], 0) > now}
        self._spent = {(route, day): count for (route, day), count in self._spent.items() if day >= now // DAY_MS}


def _name(alerts: tuple[Alert, ...]) -> str:
    """The idempotency key: the id of a single alert; else a function of all."""
    if len(alerts) == 1:
        return alerts[0].id
    return hashlib.blake2b("/".join(alert.id for alert in alerts).encode(), digest_size=12).hexdigest()
