"""How long a harm held the group up, from samples of its offsets."""

from kafka import TopicPartition

from stream.faults.watch import Sample, caught_up_at, processing_at

A, B = TopicPartition("t", 0), TopicPartition("t", 1)


def sample(at: float, committed: tuple[int, int], ends: tuple[int, int]) -> Sample:
    """A look at two partitions that took no time."""
    return Sample(began=at, at=at, committed={A: committed[0], B: committed[1]}, ends={A: ends[0], B: ends[1]})


def test_processing_again_is_when_every_partition_has_moved() -> None:
    """One goes on at once, the other, whose worker was killed at 10, only at 14."""
    samples = [
        sample(9.9, (50, 50), (60, 60)),
        sample(10.1, (60, 60), (70, 70)),
        sample(11.0, (70, 60), (80, 80)),
        sample(14.0, (80, 61), (90, 90)),
    ]

    assert processing_at(samples, since=10.0) == 14.0
    assert processing_at(samples[:3], since=10.0) is None


def test_a_partition_with_nothing_left_to_read_is_not_waited_for() -> None:
    """The second partition is read to its end when the harm comes, and nothing follows."""
    samples = [sample(10.0, (50, 60), (60, 60)), sample(12.0, (60, 60), (70, 60))]

    assert processing_at(samples, since=10.0) == 12.0


def test_caught_up_is_when_the_group_is_at_most_a_second_behind_a_stream_that_goes_on() -> None:
    """Ten records a second come. At 13 the group has what stood there at 12; before that it was further behind."""
    samples = [
        sample(10.0, (95, 95), (100, 100)),
        sample(11.0, (95, 95), (110, 110)),
        sample(12.0, (101, 105), (120, 120)),
        sample(13.0, (120, 121), (130, 130)),
    ]

    assert caught_up_at(samples, since=10.0, behind_seconds=1.0) == 13.0
    assert caught_up_at(samples[:3], since=10.0, behind_seconds=1.0) is None
