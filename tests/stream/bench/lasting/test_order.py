"""Order and completeness read from scores (``stream.bench.lasting.order``)."""

import pytest

from stream.bench.lasting.order import judge_order
from stream.errors import WeirError
from stream.wire.codec import encode
from stream.wire.events import Scores


def _scores(*payments: tuple[int, int, int]) -> bytes:
    """One record of scores: origin partition, offset and event time of each payment."""
    return encode(
        Scores(
            partitions=[origin for origin, _, _ in payments],
            offsets=[offset for _, offset, _ in payments],
            ids=[f"p{10 * origin + offset}" for origin, offset, _ in payments],
            at=[at for _, _, at in payments],
            detectors={},
            versions={},
            thresholds={},
        )
    )


def test_payments_of_two_origins_in_order_are_counted() -> None:
    """Offsets rise for each origin on each partition; a terminal partition need not see all of them."""
    values = [(0, _scores((0, 0, 5), (1, 0, 5), (0, 2, 6))), (1, _scores((0, 1, 5))), (0, _scores((1, 3, 7)))]
    judged = judge_order(values, since=0)

    assert (judged.payments, judged.behind) == (5, 0)


@pytest.mark.parametrize("again", [0, 2])
def test_a_payment_that_comes_twice_or_too_early_is_told(again: int) -> None:
    """After offset 2 of an origin, neither it nor an earlier one may follow."""
    values = [(0, _scores((0, 2, 5))), (0, _scores((0, again, 5)))]

    with pytest.raises(WeirError, match="rise beyond 2"):
        judge_order(values, since=0)


def test_one_behind_a_younger_one_is_counted_from_the_payment_asked_about() -> None:
    """p1 (time 4) follows p10 (time 5), and p12 (time 6) follows p3 (time 9): of those from p3 on, one is behind."""
    values = [(0, _scores((1, 0, 5), (0, 1, 4), (0, 3, 9))), (0, _scores((1, 2, 6)))]

    assert judge_order(values, since=0).behind == 2
    assert judge_order(values, since=3).behind == 1
