import msgspec
import pytest

from stream.core.dispatch import DAY_MS, MOST_ALERTS, Dispatch
from stream.core.triage import Triage
from stream.settings import Notify
from stream.wire.triage import Acknowledgement, Delivery, Notice, Snooze
from tests.stream.some_alert import NOON, an_alert

SECOND, MINUTE = 1_000, 60_000


class Desk:
    """A sink's dispatch with one route, driven by hand; alerts come on partition 0 in order."""

    def __init__(self, **route: object) -> None:
        settings = {"sinks": {"desk": {}}, "routes": {"all": {"sinks": ["desk"], **route}}, "tries": 3}
        self.dispatch = Dispatch("desk", msgspec.convert(settings, Notify))
        self.triage = Triage()
        self.offset = 0

    def take(self, *names: str, now: int, entity: str = "customer:c42") -> None:
        """Take alerts one after the other."""
        for name in names:
            self.dispatch.take(an_alert(name, entity=entity, emitted_at=now), (0, self.offset), now)
            self.offset += 1

    def work(self, now: int) -> list[Delivery]:
        """Do all that is due at a sink that takes everything; returns what became of alerts."""
        done: list[Delivery] = []
        while (decided := self.dispatch.decide(self.triage, now)) is not None:
            deliveries = [self.dispatch.told(now)] if isinstance(decided, Notice) else decided
            self.dispatch.settle(deliveries)
            done += deliveries
        return done

    def notice(self, now: int) -> Notice:
        """The notice that is to be tried now."""
        decided = self.dispatch.decide(self.triage, now)
        assert isinstance(decided, Notice)
        return decided


def outcomes(deliveries: list[Delivery]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Outcome, why, and alerts of each."""
    return [(one.outcome, one.why, one.alerts) for one in deliveries]


def test_an_alert_is_told_at_once_under_its_own_id() -> None:
    """With no wait, cooldown or budget: the id is the idempotency key."""
    desk = Desk()
    desk.take("a1", now=NOON)
    notice = desk.notice(NOON)

    assert (notice.id, notice.sink, notice.route, notice.group) == ("a1", "desk", "all", "fraud customer:c42")
    assert [alert.id for alert in notice.alerts] == ["a1"]


def test_alerts_of_a_group_that_come_within_the_wait_are_told_together() -> None:
    """Two about c42 within 30 s, one about c43: two notices, each 30 s after its first alert."""
    desk = Desk(wait_seconds=30)
    desk.take("a1", now=NOON)
    desk.take("b1", now=NOON + SECOND, entity="customer:c43")
    desk.take("a2", now=NOON + 29 * SECOND)

    assert desk.work(NOON + 30 * SECOND - 1) == []
    assert desk.dispatch.due_at() == NOON + 30 * SECOND
    assert outcomes(desk.work(NOON + 30 * SECOND)) == [("told", "", ("a1", "a2"))]
    assert outcomes(desk.work(NOON + 31 * SECOND)) == [("told", "", ("b1",))]


def test_a_group_that_was_told_is_held_until_its_cooldown_ends_and_then_counted() -> None:
    """Told at noon, cooldown 10 min: two are held; the next one after it says that two were."""
    desk = Desk(cooldown_seconds=600)
    desk.take("a1", now=NOON)
    desk.work(NOON)
    desk.take("a2", "a3", now=NOON + 10 * MINUTE - 1)
    held = desk.work(NOON + 10 * MINUTE - 1)
    desk.take("a4", now=NOON + 10 * MINUTE)

    assert outcomes(held) == [("held", "cooldown", ("a2",)), ("held", "cooldown", ("a3",))]
    assert desk.notice(NOON + 10 * MINUTE).held == 2


def test_no_more_notices_than_the_budget_are_told_in_a_day() -> None:
    """Two a day, UTC; the third entity of the day is held, and the next day begins anew at midnight."""
    desk = Desk(budget_a_day=2)
    for number, entity in enumerate(("customer:c1", "customer:c2", "customer:c3")):
        desk.take(f"a{number}", now=NOON, entity=entity)
    midnight = NOON - NOON % DAY_MS + DAY_MS

    assert outcomes(desk.work(NOON))[2:] == [("held", "budget", ("a2",))]
    desk.take("a3", now=midnight - 1, entity="customer:c4")
    assert outcomes(desk.work(midnight - 1)) == [("held", "budget", ("a3",))]
    desk.take("a4", now=midnight, entity="customer:c5")
    assert outcomes(desk.work(midnight)) == [("told", "", ("a4",))]


def test_a_snoozed_alert_is_held_by_name_of_the_snooze_and_others_are_told() -> None:
    """Ann snoozed c42 alone."""
    desk = Desk()
    desk.triage.take(Snooze(id="s1", at=NOON, until=NOON + MINUTE, owner="ann", entity="c42"))
    desk.take("a1", now=NOON)
    desk.take("b1", now=NOON, entity="customer:c43")
    done = desk.work(NOON)

    assert outcomes(done) == [("held", "snoozed", ("a1",)), ("told", "", ("b1",))]
    assert done[0].by == "s1"


def test_an_alert_acknowledged_while_it_waits_is_told_no_more() -> None:
    """In its group, and also while a sink that is down is tried again."""
    desk = Desk(wait_seconds=30)
    desk.take("a1", now=NOON)
    desk.triage.take(Acknowledgement(alert="a1", at=NOON + SECOND, owner="ann"))
    in_group = desk.work(NOON + 30 * SECOND)
    desk.take("a2", now=NOON + MINUTE)
    desk.notice(NOON + 2 * MINUTE)
    assert desk.dispatch.failed("down", NOON + 2 * MINUTE, is_final=False) is None
    desk.triage.take(Acknowledgement(alert="a2", at=NOON + 2 * MINUTE, owner="bob"))
    while_down = desk.work(NOON + 2 * MINUTE)

    assert [(one.why, one.by) for one in in_group + while_down] == [("acknowledged", "ann"), ("acknowledged", "bob")]
    assert desk.dispatch.size == 0


def test_a_notice_is_tried_again_unchanged_after_ever_longer_waits() -> None:
    """After 1 s, 2 s, then the third try is the last: it is undelivered, with what the sink said."""
    desk = Desk()
    desk.take("a1", now=NOON)
    first = desk.notice(NOON)
    assert desk.dispatch.failed("refused connection", NOON, is_final=False) is None
    desk.take("a2", now=NOON)

    assert desk.work(NOON + SECOND - 1) == []
    assert desk.notice(NOON + SECOND) == first
    assert desk.dispatch.failed("refused connection", NOON + SECOND, is_final=False) is None
    assert desk.dispatch.due_at() == NOON + 3 * SECOND
    assert desk.notice(NOON + 3 * SECOND) == first
    given_up = desk.dispatch.failed("HTTP 503", NOON + 3 * SECOND, is_final=False)
    assert given_up is not None
    assert (given_up.outcome, given_up.why, given_up.alerts, given_up.tries) == ("undelivered", "HTTP 503", ("a1",), 3)
    assert desk.dispatch.place_of("a1") == (0, 0)


def test_a_notice_that_a_sink_will_never_take_is_given_up_at_once() -> None:
    """It said so; the one behind it is next."""
    desk = Desk(group_by=["alert"])
    desk.take("a1", "a2", now=NOON)
    desk.notice(NOON)
    refused = desk.dispatch.failed("HTTP 413", NOON, is_final=True)
    assert refused is not None
    desk.dispatch.settle([refused])

    assert refused.tries == 1
    assert desk.notice(NOON).id == "a2"


def test_positions_pass_an_alert_only_once_it_is_settled() -> None:
    """The first waits in its group, the second, of no group's wait, is told: reading would begin again at the first."""
    settings = {
        "sinks": {"desk": {}},
        "routes": {
            "slow": {"sinks": ["desk"], "entities": ["customer:c42"], "wait_seconds": 60},
            "all": {"sinks": ["desk"]},
        },
    }
    desk = Desk()
    desk.dispatch = Dispatch("desk", msgspec.convert(settings, Notify))
    desk.take("a1", now=NOON)
    desk.take("b1", now=NOON + SECOND, entity="customer:c43")

    assert outcomes(desk.work(NOON + SECOND)) == [("told", "", ("b1",))]
    assert (desk.dispatch.positions(), desk.dispatch.since(NOON + MINUTE), desk.dispatch.size) == ({0: 0}, NOON, 1)
    desk.work(NOON + MINUTE)
    assert (desk.dispatch.positions(), desk.dispatch.since(NOON + MINUTE)) == ({0: 2}, NOON + MINUTE)


def test_a_successor_repeats_nothing_and_keeps_cooldown_budget_and_count() -> None:
    """It reads the deliveries of one that was killed, and the alerts again from its positions."""
    first = Desk(cooldown_seconds=600, budget_a_day=2)
    first.take("a1", now=NOON)
    first.take("b1", now=NOON, entity="customer:c43")
    written = first.work(NOON)
    first.take("a2", now=NOON + SECOND)
    written += first.work(NOON + SECOND)
    second = Desk(cooldown_seconds=600, budget_a_day=2)
    for delivery in written:
        second.dispatch.remember(delivery)
    second.take("a1", "a2", now=NOON + MINUTE)
    second.take("b1", now=NOON + MINUTE, entity="customer:c43")

    assert second.work(NOON + MINUTE) == []
    second.take("a3", now=NOON + MINUTE)
    assert outcomes(second.work(NOON + MINUTE)) == [("held", "cooldown", ("a3",))]
    second.take("d1", now=NOON + MINUTE, entity="customer:c45")
    assert outcomes(second.work(NOON + MINUTE)) == [("held", "budget", ("d1",))]
    tomorrow = NOON + DAY_MS
    second.take("a4", now=tomorrow)
    assert second.notice(tomorrow).held == 2, "a2 by the first, a3 by the second"


@pytest.mark.parametrize("count", [MOST_ALERTS, MOST_ALERTS + 1])
def test_a_notice_has_at_most_a_hundred_alerts(count: int) -> None:
    """What a day's outage has gathered about one entity comes in pieces that a receiver takes."""
    desk = Desk()
    desk.take(*(f"a{number:03}" for number in range(count)), now=NOON)
    done = desk.work(NOON)

    assert [len(one.alerts) for one in done] == [min(count, MOST_ALERTS), 1][: 1 + (count > MOST_ALERTS)]
    assert len({name for one in done for name in one.alerts}) == count


def test_several_alerts_have_an_id_of_their_own_that_their_ids_decide() -> None:
    """A receiver that knows the first alert's notice must not take the larger one for it."""
    names = []
    for taken in (("a1", "a2"), ("a1", "a2"), ("a1", "a2", "a3")):
        desk = Desk()
        desk.take(*taken, now=NOON)
        names.append(desk.notice(NOON).id)

    assert names[0] == names[1]
    assert len({"a1", *names}) == 3
