"""A changelog that was lost and made anew is told from the one that state was written to."""

import pytest
from faust.types import TP

from stream.agents.lane import CHANGELOG, Lane
from stream.agents.outbox import Publisher
from stream.agents.restoring import require_same
from stream.errors import StreamError
from tests.stream.agents.counting import PARTITIONS, SOURCE, SPECS
from tests.stream.agents.test_lane import a_slice

LOG = TP("group-count-changelog", 1)


def a_lane(*, log_end: int) -> Lane:
    """Make a lane at the beginning of its source whose changelog holds ``log_end`` records."""
    spec = SPECS[0]
    lane = Lane(spec, 1, spec.factory(1))
    lane.stage.restore()
    lane.resume(
        position={SOURCE: 0},
        ends={SOURCE: 0},
        written=dict.fromkeys(spec.outputs, 0),
        tails=dict.fromkeys(spec.outputs, 7),
        published={topic: set() for topic in spec.outputs},
    )
    lane.log_end = log_end
    return lane


def test_a_checkpoint_says_where_it_stands_at_least() -> None:
    """The log holds 40 records, two rows changed: they take 40 and 41, so it stands at 42 or later, after markers."""
    lane = a_lane(log_end=40)
    lane.feed(0, a_slice([b"a", b"b", b"b"]))

    taken = lane.snapshot(_publisher())

    assert len(taken.keys) == 2
    assert lane.stage.restore()[CHANGELOG] == 42


def test_a_tail_that_was_read_is_not_read_again_by_the_next_start() -> None:
    """Output topics held 7 records at the start, nothing was to be repeated: the next tail begins after them."""
    lane = a_lane(log_end=0)

    lane.snapshot(_publisher())

    written = lane.stage.restore()
    assert {written[topic] for topic in lane.spec.outputs} == {7}


def test_a_log_that_is_shorter_than_it_was_is_refused_by_name() -> None:
    """42 records were there, the new log holds 3: the rows before are gone, and the message says what to run."""
    require_same(a_lane(log_end=0), LOG, least=42, end=42)

    with pytest.raises(StreamError, match=r"changelog-1: expected 42 .*, there are 3: .*weir rebuild count"):
        require_same(a_lane(log_end=0), LOG, least=42, end=3)


def _publisher() -> Publisher:
    return Publisher(lambda: pytest.fail("nothing is sent here"), prefix="", partitions=PARTITIONS)
