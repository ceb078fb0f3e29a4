"""Slices of many partitions as one message (``stream.agents.fetch.in_rounds``)."""

import numpy as np
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from stream.agents.fetch import Fetched, in_rounds
from stream.wire.records import Slice


def _slice(topic: str, partition: int, offset: int) -> Fetched:
    places = np.array([offset], np.int64)
    records = Slice(
        topic=topic, partition=partition, offset=places, produced=places, values=[b""], next_offset=offset + 1
    )
    return Fetched(offset, 0, [None], records)


@given(counts=st.dictionaries(st.tuples(st.sampled_from("ab"), st.integers(0, 5)), st.integers(1, 4)))
def test_each_slice_comes_once_and_each_partition_in_order(counts: dict[tuple[str, int], int]) -> None:
    """However many slices each partition brings, a round holds at most one of each, of one topic alone."""
    fetched = {TP(*tp): [_slice(*tp, offset) for offset in range(count)] for tp, count in counts.items()}

    rounds = in_rounds(fetched)

    seen: dict[tuple[str, int], list[int]] = {}
    for name, messages in rounds.items():
        for message in messages:
            assert {one.records.topic for one in message} == {name.topic}
            assert len({one.records.partition for one in message}) == len(message)
            for one in message:
                seen.setdefault((one.records.topic, one.records.partition), []).append(one.first)
    assert seen == {tp: list(range(count)) for tp, count in counts.items()}
    assert len({name.topic for name in rounds}) == len(rounds)


@given(counts=st.dictionaries(st.integers(0, 5), st.integers(1, 4), min_size=1))
def test_a_message_goes_by_the_offset_of_the_partition_it_is_named_after(counts: dict[int, int]) -> None:
    """Faust takes a message for its partition's next: the first slice is always of that partition, and the next one."""
    fetched = {TP("a", tp): [_slice("a", tp, offset) for offset in range(count)] for tp, count in counts.items()}

    ((name, messages),) = in_rounds(fetched).items()

    firsts = [(message[0].records.partition, message[0].first) for message in messages]
    assert firsts == [(name.partition, offset) for offset in range(counts[name.partition])]
