from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.agents.lane import Lane
from stream.agents.outbox import Publisher
from stream.agents.silence import Answer
from stream.core.stage import Output
from stream.errors import StreamError
from stream.wire.records import Slice
from tests.stream.agents.counting import ALERTS, EVERY, PARTITIONS, SOURCE, SPECS

PARTITION = 1


def a_lane(*, published: Iterable[str] = (), end: int = 0) -> Lane:
    """Make a lane of the counting stage that begins at offset 0 of a source that held ``end`` records then."""
    spec = SPECS[0]
    lane = Lane(spec, PARTITION, spec.factory(PARTITION))
    lane.stage.restore()
    lane.resume(
        position={SOURCE: 0},
        ends={SOURCE: end},
        written=dict.fromkeys(spec.outputs, 0),
        tails=dict.fromkeys(spec.outputs, 0),
        published={topic: set(published) for topic in spec.outputs},
    )
    return lane


def a_slice(values: Sequence[bytes], *, first: int = 0) -> Slice:
    """Make a slice of the source without gaps."""
    offset = np.arange(first, first + len(values))
    return Slice(
        topic=SOURCE,
        partition=PARTITION,
        offset=offset,
        produced=offset + 1_700_000_000_000,
        values=values,
        next_offset=first + len(values),
    )


def ids(output: Output) -> list[str]:
    """Ids of what is to be published."""
    return [record.id for record in output.records if record.id is not None]


def test_records_that_are_missing_before_a_slice_are_an_error() -> None:
    """Retention ate offsets 2 to 4 before they were read: going on would lose them in silence."""
    lane = a_lane()
    lane.feed(0, a_slice([b"a", b"b"]))

    with pytest.raises(StreamError, match="transactions-1: expected offset 2, the next one there is 5"):
        lane.feed(5, a_slice([b"c"], first=5))


@given(st.lists(st.sampled_from([b"a", b"b", b"poison"]), max_size=30), st.lists(st.integers(0, 30), max_size=4))
def test_however_records_are_cut_all_but_poison_is_counted_and_poison_is_told(
    values: list[bytes], cuts: list[int]
) -> None:
    """Whatever stands beside a poison record, alerts are those of the other records and each poison is one letter."""
    lane = a_lane()
    bounds = sorted({0, len(values), *(cut for cut in cuts if cut < len(values))})

    told = [
        name
        for start, end in pairwise(bounds)
        for name in ids(lane.feed(start, a_slice(values[start:end], first=start)))
    ]

    counts: dict[bytes, int] = defaultdict(int)
    expected = []
    for offset, value in enumerate(values):
        counts[value] += 1
        if value == b"poison" or counts[value] % EVERY == 0:
            expected.append(f"{SOURCE}-{PARTITION}-{offset}")
    assert sorted(told) == sorted(expected)
    assert lane.stage.resume_at().get(SOURCE, 0) == len(values)


def test_a_slice_that_comes_again_is_not_fed_again() -> None:
    """A fetch overlaps what was fed before a rebalance: only what is new is counted."""
    lane = a_lane()
    lane.feed(0, a_slice([b"a", b"a"]))

    again = lane.feed(0, a_slice([b"a", b"a", b"a"]))

    assert ids(again) == [f"{SOURCE}-{PARTITION}-2"]


def test_a_silence_is_told_once_and_only_of_a_topic_read_to_its_end() -> None:
    """One record has not been read yet: no silence. Then it has: one, until the next record."""
    lane = a_lane()
    lane.feed(0, a_slice([b"a"]))

    assert lane.silence(0.0, lambda _: Answer(at=1, end=2)) is None
    assert lane.silence(60.0, lambda _: Answer(at=2, end=1)) is None
    assert lane.silence(0.0, lambda _: Answer(at=3, end=1)) is not None
    assert lane.silence(0.0, lambda _: Answer(at=4, end=1)) is None


def test_a_topic_that_brings_nothing_but_poison_is_silent_though_it_is_never_read_to_its_end() -> None:
    """A payment, then poison written over 1 s: silent for 1 ms, not for 2 s, and not after a payment."""
    lane = a_lane()
    lane.feed(0, a_slice([b"a"]))
    lane.feed(1, a_slice([b"poison"] * 1_000, first=1))

    assert lane.silence(2.0, lambda _: Answer(at=1, end=5_000)) is None
    assert lane.silence(0.001, lambda _: Answer(at=2, end=5_000)) is not None

    lane.feed(1_001, a_slice([b"a"], first=1_001))

    assert lane.silence(0.001, lambda _: Answer(at=3, end=5_000)) is None


def test_what_stands_on_its_topic_already_is_not_queued_again() -> None:
    """Of two alerts one was found in the tail; it is spared, everything else is queued once the loop runs."""
    lane = a_lane(published=[f"{SOURCE}-{PARTITION}-2"])
    output = lane.feed(0, a_slice([b"a"] * 6))
    queued = Publisher(_no_producer, prefix="", partitions=PARTITIONS)
    fresh = Output(records=[record for record in output.records if record.topic == ALERTS][:1])

    spared = lane.publish(fresh, queued)

    assert ids(output) == [f"{SOURCE}-{PARTITION}-2", f"{SOURCE}-{PARTITION}-5"]
    assert spared == 1
    assert queued.outbox(ALERTS, PARTITION).queued == 0


def test_a_snapshot_holds_what_changed_since_the_last_one() -> None:
    """Two keys change, then one: the second snapshot has that row alone, and the offset after it."""
    lane = a_lane()
    publisher = Publisher(_no_producer, prefix="", partitions=PARTITIONS)
    lane.feed(0, a_slice([b"a", b"b"]))
    first = lane.snapshot(publisher)
    lane.feed(2, a_slice([b"b"], first=2))

    second = lane.snapshot(publisher)

    assert first.keys == [b"a", b"b"]
    assert second.keys == [b"b"]
    assert second.offsets == {SOURCE: 3}
    assert second.checkpoint == lane.stage.state.checkpoint


def test_ids_of_a_predecessor_are_kept_until_all_it_may_have_published_is_done() -> None:
    """Six records stood there at the crash: after three of them the tail still begins where it began, after six not."""
    lane = a_lane(published=[f"{SOURCE}-{PARTITION}-5"], end=6)
    publisher = Publisher(_no_producer, prefix="", partitions=PARTITIONS)
    publisher.outbox(ALERTS, PARTITION).next_offset = 9
    lane.feed(0, a_slice([b"a"] * 3))
    lane.snapshot(publisher)
    halfway = lane.stage.restore()
    output = lane.feed(3, a_slice([b"a"] * 3, first=3))
    spared = lane.publish(Output(records=[r for r in output.records if r.topic == ALERTS]), publisher)
    lane.snapshot(publisher)

    assert halfway[ALERTS] == 0
    assert spared == 1
    assert lane.stage.restore()[ALERTS] == 9


def _no_producer() -> None:
    raise AssertionError("nothing is sent here")
