import msgspec
import pytest

from stream.core.triage import Triage
from stream.wire.triage import Acknowledgement, Snooze, Verdict
from tests.stream.some_alert import NOON, an_alert

HOUR = 3_600_000


def a_snooze(name: str = "s1", **changes: object) -> Snooze:
    """Snooze customer c42 from noon for an hour."""
    snooze = Snooze(id=name, at=NOON, until=NOON + HOUR, owner="ann", entity_kind="customer", entity="c42")
    return msgspec.structs.replace(snooze, **changes)


def after(*records: Snooze | Acknowledgement | Verdict) -> Triage:
    """Take records in order."""
    triage = Triage()
    for record in records:
        triage.take(record)
    return triage


@pytest.mark.parametrize(
    ("emitted_at", "is_snoozed"), [(NOON - 1, False), (NOON, True), (NOON + HOUR - 1, True), (NOON + HOUR, False)]
)
def test_a_snooze_holds_from_its_beginning_until_its_end(emitted_at: int, is_snoozed: bool) -> None:
    """By when the alert was emitted, so that it does not matter when somebody looks."""
    snooze = after(a_snooze()).snooze_of(an_alert(emitted_at=emitted_at))

    assert (snooze is not None) is is_snoozed


@pytest.mark.parametrize(
    ("conditions", "covers"),
    [
        ({"entity": "c*"}, True),
        ({"entity_kind": "terminal"}, False),
        ({"kind": "fraud", "detector": "robust"}, True),
        ({"kind": "fraud", "detector": "autoencoder"}, False),
        ({"entity": "", "entity_kind": "", "kind": "market"}, False),
    ],
)
def test_a_snooze_covers_what_all_its_conditions_hold_for(conditions: dict[str, str], covers: bool) -> None:
    """The alert is of fraud about customer c42 by the detector robust."""
    assert (after(a_snooze(**conditions)).snooze_of(an_alert()) is not None) is covers


def test_of_two_snoozes_the_longer_is_named() -> None:
    """Whoever asks learns when it ends, and whom to ask."""
    triage = after(a_snooze("s2", until=NOON + 2 * HOUR, owner="bob"), a_snooze())
    snooze = triage.snooze_of(an_alert())

    assert snooze is not None
    assert snooze.owner == "bob"
    assert [one.id for one in triage.in_force(NOON)] == ["s1", "s2"]


def test_an_ended_snooze_holds_no_longer() -> None:
    """A later record of the same key takes its place, as compaction does."""
    triage = after(a_snooze(), a_snooze(until=NOON + 60_000))

    assert triage.snooze_of(an_alert(emitted_at=NOON + 60_000)) is None
    assert triage.in_force(NOON + 60_000) == []


def test_whoever_gives_a_verdict_has_taken_the_alert_in_hand() -> None:
    """Bob's verdict after Ann's acknowledgement; nobody has touched the other."""
    triage = after(
        Acknowledgement(alert="a1", at=NOON, owner="ann"), Verdict(alert="a1", at=NOON + 1, owner="bob", right=True)
    )

    assert (triage.owner_of("a1"), triage.owner_of("a2")) == ("bob", "")
