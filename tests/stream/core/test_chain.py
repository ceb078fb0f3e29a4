"""A chain holds as it was written, and no other way: each changed, missing or reordered byte is found and named."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.core.chain import Head, Verifier, head_of, link
from stream.wire.audit import GENESIS
from stream.wire.codec import encode
from stream.wire.events import SourceRef
from tests.stream.core.chains import a_chain, an_alert

SOURCES, ALERTS, LINKS = a_chain(6)


def verified(links: list[bytes]) -> Verifier:
    """Read links; each is named by its place in the list."""
    verifier = Verifier()
    for place, value in enumerate(links):
        verifier.take(value, f"place {place}", chain="alerts/0")
    return verifier


def test_a_chain_is_what_its_page_says() -> None:
    """Recomputed from the description in docs/audit.md, with json and hashlib alone."""
    previous = GENESIS
    for number, (source, alert, value) in enumerate(zip(SOURCES, ALERTS, LINKS, strict=True)):
        one = json.loads(value)
        body, _, seal = value.rpartition(b',"hash":')

        assert seal == f'"{hashlib.sha256(body).hexdigest()}"}}'.encode()
        assert (one["number"], one["previous"], one["source"]["offset"]) == (number, previous, source.offset)
        assert one["digest"] == hashlib.sha256(alert).hexdigest()
        assert (one["kind"], one["id"], one["config"]) == ("alert", f"a{number}", "settings1")
        assert (one["detectors"], one["score"], one["threshold"]) == ({"robust": "abc"}, 2.5, 1.25)
        assert b"customer-1" not in value, "the chain is kept for ever: it names no customer"
        previous = one["hash"]
    assert verified(LINKS).faults == []


@given(st.integers(0, len(LINKS) - 1), st.data())
def test_any_changed_byte_is_found_where_it_stands(place: int, data: st.DataObject) -> None:
    """Any byte of any link, to any other value, the last link's too."""
    value = bytearray(LINKS[place])
    position = data.draw(st.integers(0, len(value) - 1))
    value[position] ^= data.draw(st.integers(1, 255))
    faults = verified([*LINKS[:place], bytes(value), *LINKS[place + 1 :]]).faults

    assert faults
    assert faults[0].where == f"place {place}"


@given(place=st.integers(0, len(LINKS) - 1), position=st.integers(0, 200), is_missing=st.booleans())
def test_a_byte_too_many_or_too_few_is_found(place: int, position: int, *, is_missing: bool) -> None:
    """Cut out, or written twice."""
    whole = LINKS[place]
    changed = whole[:position] + whole[position + 1 :] if is_missing else whole[:position] + b" " + whole[position:]
    faults = verified([*LINKS[:place], changed, *LINKS[place + 1 :]]).faults

    assert faults[0].where == f"place {place}"


@pytest.mark.parametrize("gone", range(len(LINKS) - 1))
def test_a_missing_link_is_named(gone: int) -> None:
    """All but the last, whose loss only the topic or a head kept elsewhere can show."""
    (fault,) = verified([*LINKS[:gone], *LINKS[gone + 1 :]]).faults

    assert str(fault) == f"place {gone}: expected link {gone} of alerts/0, was link {gone + 1}"


def test_reordered_links_are_named() -> None:
    """Two that changed places."""
    faults = verified([*LINKS[:2], LINKS[3], LINKS[2], *LINKS[4:]]).faults

    assert str(faults[0]) == "place 2: expected link 2 of alerts/0, was link 3"


def test_a_link_sealed_anew_breaks_the_chain_behind_it() -> None:
    """Who forges a link and its hash, and not all that follow, is seen at the next one."""
    forged, _ = link(head_of(LINKS[1]), SOURCES[2], an_alert(99))
    (fault,) = verified([*LINKS[:2], forged, *LINKS[3:]]).faults

    assert fault.where == "place 3"


def test_a_whole_chain_written_anew_is_known_by_its_head() -> None:
    """Nothing in it is wrong by itself; what was noted elsewhere tells."""
    heads = verified(LINKS[:4]).heads()
    head, anew = Head(), []
    for source in SOURCES:
        value, head = link(head, source, b"{}")
        anew.append(value)
    forged, cut, longer = verified(anew), verified(LINKS[:2]), verified(LINKS)
    for verifier in (forged, cut, longer):
        verifier.require(heads)

    assert [fault.where for fault in forged.faults] == ["alerts/0 link 3"]
    assert [fault.where for fault in cut.faults] == ["alerts/0 link 3"]
    assert longer.faults == []


def test_links_written_twice_are_taken_once() -> None:
    """A recorder began again before its last links, or two ran side by side: the same bytes."""
    verifier = verified([*LINKS[:4], *LINKS[2:]])

    assert verifier.faults == []
    assert verifier.heads() == verified(LINKS).heads()
    assert head_of(LINKS[-1]).hash == verifier.heads()["alerts/0"]["hash"]


def test_a_changed_or_unrecorded_alert_is_named_by_its_offset() -> None:
    """What stands on the topic against its link; what the chain has not come to yet only waits."""
    verifier = verified(LINKS)
    later = SourceRef(topic="alerts", partition=0, offset=100)
    between = SourceRef(topic="alerts", partition=0, offset=4)
    compared = [verifier.compare(SOURCES[0], ALERTS[0]), verifier.compare(SOURCES[1], ALERTS[1] + b" ")]
    compared += [verifier.compare(between, ALERTS[1]), verifier.compare(later, ALERTS[1])]

    assert compared == [True, True, True, False]
    assert [fault.where for fault in verifier.faults] == ["alerts/0 offset 3", "alerts/0 offset 4"]


def test_a_link_of_another_chain_is_named() -> None:
    """Chains are one a partition; a link does not move to another."""
    _, _, others = a_chain(1, partition=1)

    assert [str(fault) for fault in verified([*LINKS, *others]).faults] == [
        "place 6: expected a link of alerts/0, was one of alerts/1"
    ]


def test_what_is_no_alert_has_a_link_all_the_same() -> None:
    """Anybody may write to a topic; nothing on it is passed over."""
    for value in (b"", b"not json", encode(SourceRef(topic="t", partition=0, offset=0))):
        made, _ = link(Head(), SOURCES[0], value)
        one = json.loads(made)

        assert (one["kind"], one["digest"]) == ("unreadable", hashlib.sha256(value).hexdigest())
