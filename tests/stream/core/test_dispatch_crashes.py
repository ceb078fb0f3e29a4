"""Whatever comes, fails, is acknowledged or killed, in any order: each alert is settled once and none is forgotten."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.core.dispatch import Dispatch
from stream.core.triage import Triage
from stream.settings import Notify
from stream.wire.events import Alert
from stream.wire.triage import Acknowledgement, Delivery, Notice
from tests.stream.some_alert import NOON, an_alert

NOTIFY = msgspec.convert(
    {
        "sinks": {"desk": {}},
        "routes": {
            "grave": {"sinks": ["desk"], "severity": "critical", "group_by": ["alert"]},
            "quiet": {"sinks": ["desk"], "entities": ["customer:c1"], "wait_seconds": 5, "cooldown_seconds": 120},
            "rest": {"sinks": ["desk"], "entities": ["customer:*"], "budget_a_day": 2},
        },
        "tries": 3,
        "retry_seconds": 5,
    },
    Notify,
)
PARTITIONS = 2
ENDED = ("told", "held", "undelivered")


@dataclass
class World:
    """Kafka, and a sink, around a dispatch that may be killed at any moment."""

    topic: list[list[Alert]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])
    committed: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(PARTITIONS), 0))
    since: int = NOON
    deliveries: list[Delivery] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)  # alert ids, as the sink took them
    torn: set[str] = field(default_factory=set)  # taken, and killed before that was written down
    triage: Triage = field(default_factory=Triage)
    now: int = NOON
    alerts: int = 0

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Begin where the last one committed, with what it wrote down."""
        self.dispatch = Dispatch("desk", NOTIFY)
        self.read = dict(self.committed)
        since = min(self.since, self.dispatch.horizon(self.now))
        self.dispatch.resume(self.committed, {p: len(alerts) for p, alerts in enumerate(self.topic)}, since)
        for delivery in self.deliveries:
            if delivery.at >= since:
                self.dispatch.remember(delivery)

    def come(self, whose: int, severity: str) -> None:
        """Let an alert come."""
        self.alerts += 1
        alert = an_alert(f"a{self.alerts}", entity=f"customer:c{whose}", severity=severity, emitted_at=self.now)
        self.topic[whose % PARTITIONS].append(alert)

    def poll(self, most: int = 1000) -> None:
        """Read what came, at most so many of a partition."""
        for partition, alerts in enumerate(self.topic):
            end = min(self.read[partition] + most, len(alerts))
            for offset in range(self.read[partition], end):
                self.dispatch.take(alerts[offset], (partition, offset), self.now)
            self.read[partition] = end

    def work(self, *, answer: str) -> None:
        """Do all that is due; ``answer`` of the sink: takes, fails, refuses, or is killed as it takes."""
        for _ in range(1000):
            decided = self.dispatch.decide(self.triage, self.now)
            if decided is None:
                break
            if not isinstance(decided, Notice):
                self.write(*decided)
            elif answer == "fails":
                given_up = self.dispatch.failed("down", self.now, is_final=False)
                self.write(*([given_up] if given_up else []))
            elif answer == "refuses":
                given_up = self.dispatch.failed("no", self.now, is_final=True)
                assert given_up is not None
                self.write(given_up)
            else:
                self.taken += [alert.id for alert in decided.alerts]
                if answer == "killed":
                    self.torn.update(alert.id for alert in decided.alerts)
                    self.start()
                    return
                self.write(self.dispatch.told(self.now))
        else:
            raise AssertionError("there is always more to do")

    def write(self, *deliveries: Delivery) -> None:
        """Write down what became of alerts."""
        self.deliveries += deliveries
        self.dispatch.settle(deliveries)

    def commit(self) -> None:
        """Commit how far that goes; nothing before it may be unsettled."""
        settled = {name for delivery in self.deliveries for name in delivery.alerts}
        for partition, offset in self.dispatch.positions().items():
            assert {alert.id for alert in self.topic[partition][:offset]} <= settled
            self.committed[partition] = offset
        self.since = self.dispatch.since(self.now)


STEPS = st.one_of(
    st.tuples(st.just("come"), st.integers(1, 3), st.sampled_from(["low", "low", "critical"])),
    st.tuples(st.just("work"), st.sampled_from(["takes", "takes", "takes", "fails", "refuses", "killed"]), st.just("")),
    st.tuples(st.just("pass"), st.sampled_from([7, 7, 40, 200, 90_000]), st.just("")),
    st.tuples(st.just("acknowledge"), st.integers(1, 30), st.just("")),
    st.tuples(st.just("poll"), st.integers(1, 3), st.just("")),
    st.tuples(st.sampled_from(["kill", "commit"]), st.just(0), st.just("")),
)


@given(st.lists(STEPS, min_size=25, max_size=80))
@settings(max_examples=150, deadline=None)
def test_each_alert_is_settled_once_and_told_twice_only_where_it_was_torn(steps: list[tuple[str, int, str]]) -> None:
    """At the end the sink takes everything: what came is told, held or undelivered, once each on ``deliveries``."""
    world = World()
    for what, number, word in steps:
        match what:
            case "come":
                world.come(number, word)
            case "work":
                world.poll(2)
                world.work(answer=str(number))
            case "pass":
                world.now += 1000 * number
            case "acknowledge":
                world.triage.take(Acknowledgement(alert=f"a{number}", at=world.now, owner="ann"))
            case "kill":
                world.start()
            case "commit":
                world.commit()
            case "poll":
                world.poll(number)
    for _ in range(5):
        world.now += 100_000_000
        world.poll()
        world.work(answer="takes")
    world.commit()
    settled = Counter(name for delivery in world.deliveries for name in delivery.alerts)
    twice = {name for name, times in Counter(world.taken).items() if times > 1}

    assert settled == dict.fromkeys((f"a{number}" for number in range(1, world.alerts + 1)), 1)
    assert {delivery.outcome for delivery in world.deliveries} <= set(ENDED)
    assert twice <= world.torn
    assert world.committed == {partition: len(alerts) for partition, alerts in enumerate(world.topic)}
    told = [(one.route, one.group, one.at) for one in world.deliveries if one.outcome == "told"]
    budget = Counter((route, at // 86_400_000) for route, _, at in told)
    assert all(count <= 2 for (route, _), count in budget.items() if route == "rest")
    quiet = sorted(at for route, _, at in told if route == "quiet")
    assert all(later - earlier >= 120_000 for earlier, later in pairwise(quiet))
