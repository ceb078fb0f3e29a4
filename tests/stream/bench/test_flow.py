"""A flow of payments that never ends (``stream.bench.flow``)."""

import msgspec
import numpy as np
from aiokafka.partitioner import DefaultPartitioner

from stream.bench.flow import Flow
from stream.bench.material import LOUD_AMOUNT
from stream.core.names import DAY_MS
from stream.wire.events import Label, Transaction

_event = msgspec.json.Decoder(Transaction | Label).decode
_FLOW = Flow(customers=100, terminals=20, history=10.0, partitions=3, loud_share=0.01)


def test_any_part_of_a_flow_is_what_the_whole_has_there() -> None:
    """Payments 400 to 700 made by themselves are those that stand there when 0 to 2,000 are made at one go."""
    whole, part = _FLOW.material(0, 2_000), _FLOW.material(400, 300)
    inside = (whole.number >= 400) & (whole.number < 700)
    chosen = np.flatnonzero(inside).tolist()

    assert part.values == [whole.values[i] for i in chosen]
    assert part.keys == [whole.keys[i] for i in chosen]
    assert np.array_equal(part.lane, whole.lane[inside])
    assert np.array_equal(part.number, whole.number[inside] - 400)


def test_every_record_is_an_event_in_the_partition_that_any_client_would_choose() -> None:
    """Each is decoded as what its topic holds, keyed by its customer, and stands where aiokafka would put it."""
    material = _FLOW.material(0, 2_000)
    partitioner = DefaultPartitioner()

    for place, (key, value) in enumerate(zip(material.keys, material.values, strict=True)):
        topic, partition = material.lanes[int(material.lane[place])]
        event = _event(value)
        assert isinstance(event, Transaction if topic == "transactions" else Label)
        assert event.customer.encode() == key
        assert partition == partitioner(key, [0, 1, 2], [0, 1, 2])


def test_customers_fill_the_longest_window_with_their_history() -> None:
    """100 customers of 10 payments: after 1,000 payments 30 days have gone by, and time never falls."""
    at = _FLOW.columns(0, 2_001).at

    assert (np.diff(at) >= 0).all()
    assert at[1_000] - at[0] == 30 * DAY_MS
    assert at[2_000] - at[0] == 60 * DAY_MS


def test_a_verdict_names_a_payment_of_a_day_ago() -> None:
    """A twentieth of the payments get one, of the same customer at the same terminal, 30 days / 1,000 * 33 later."""
    events = list(map(_event, _FLOW.material(0, 4_000).values))
    paid = {event.id: event for event in events if isinstance(event, Transaction)}
    told = [event for event in events if isinstance(event, Label)]

    assert 140 < len(told) < 260  # binomial: 198 ± 13.7
    for label in told:
        payment = paid[label.transaction]
        assert (label.customer, label.terminal) == (payment.customer, payment.terminal)
        assert label.at - payment.at == 33 * 30 * DAY_MS // 1_000


def test_loud_payments_are_of_nobody_else() -> None:
    """One in a hundred is far out of range; no other payment is of its customer or at its terminal."""
    columns = _FLOW.columns(0, 20_000)
    loud = columns.amount == LOUD_AMOUNT

    assert 140 < np.count_nonzero(loud) < 260  # binomial: 200 ± 14
    assert np.unique(columns.customer[loud]).size == np.count_nonzero(loud)
    assert columns.customer[~loud].max() < 100 <= columns.customer[loud].min()
    assert columns.terminal[~loud].max() < 20 <= columns.terminal[loud].min()
