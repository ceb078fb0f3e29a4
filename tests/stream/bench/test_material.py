"""What is offered by ``stream.bench.material``."""

import msgspec
import numpy as np
from aiokafka.partitioner import DefaultPartitioner

from stream.bench.material import LOUD_AMOUNT, Material, payments, ticks
from stream.wire.events import Label, Transaction

_event = msgspec.json.Decoder(Transaction | Label).decode


def test_every_record_stands_in_the_partition_that_any_client_would_choose() -> None:
    """The backlog is written without a partitioner, so keys must still meet the partition that aiokafka chooses."""
    material = payments(2_000, partitions=4, customers=500)
    partitioner = DefaultPartitioner()

    expected = [partitioner(key, [0, 1, 2, 3], [0, 1, 2, 3]) for key in material.keys]
    assert [material.lanes[lane][1] for lane in material.lane.tolist()] == expected


def test_the_asked_number_of_payments_comes_and_labels_ride_along() -> None:
    """Two days of payments bring verdicts of the first, which count as no payment and have no due time of their own."""
    material = payments(3_000, partitions=4, customers=500)
    topics = np.array([material.lanes[lane][0] for lane in material.lane.tolist()])

    is_payment = topics == "transactions"
    assert np.count_nonzero(is_payment) == material.events == 3_000
    assert np.count_nonzero(~is_payment) > 50
    assert np.array_equal(material.number, np.cumsum(is_payment) - is_payment)


def test_a_share_of_the_payments_is_loud_and_nothing_else_differs() -> None:
    """Loud payments raise alerts by their amount; all others are those of the quiet material."""
    quiet, loud = (
        payments(5_000, partitions=2, customers=500),
        payments(5_000, partitions=2, loud_share=0.1, customers=500),
    )
    changed = [i for i, (a, b) in enumerate(zip(quiet.values, loud.values, strict=True)) if a != b]

    assert 400 < len(changed) < 600  # binomial: 500 ± 4.7 deviations
    assert {_amount(loud, i) for i in changed} == {LOUD_AMOUNT}


def test_the_same_seed_makes_the_same_bytes() -> None:
    """Weir and its rival must be given the same payments."""
    assert (
        payments(1_000, partitions=4, labels=False, customers=500).values
        == payments(1_000, partitions=4, labels=False, customers=500).values
    )
    assert ticks(1_000, partitions=4).values == ticks(1_000, partitions=4).values


def test_lanes_hold_every_record_once_in_order() -> None:
    """The records of all lanes together are the material, and within a lane event time never falls."""
    material = payments(3_000, partitions=3, customers=500)
    lanes = [material.in_lane(lane) for lane in range(len(material.lanes))]

    assert sorted(place for lane in lanes for place in lane) == list(range(len(material)))
    for lane in lanes:
        times = [_event(material.values[place]).at for place in lane]
        assert times == sorted(times)


def _amount(material: Material, place: int) -> int:
    event = _event(material.values[place])
    assert isinstance(event, Transaction)
    return event.amount
