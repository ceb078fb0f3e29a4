"""Open-loop load: what is due is fixed beforehand (``stream.bench.offer``)."""

import asyncio
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.agents.topics import create_topics
from stream.bench.material import payments
from stream.bench.offer import Order, Schedule, offer
from stream.consume import consumer_of
from stream.settings import Kafka, Settings


@given(
    is_payment=st.lists(st.booleans(), min_size=1, max_size=200),
    rate=st.floats(1.0, 1e5),
    elapsed=st.floats(0.0, 10.0),
)
def test_as_many_records_are_due_as_a_count_of_due_times_says(
    is_payment: list[bool], rate: float, elapsed: float
) -> None:
    """``due_by`` finds by search what a loop over all due times finds."""
    number = np.cumsum(is_payment) - np.array(is_payment)
    schedule = Schedule(start=0.0, rate=rate, number=number)

    assert schedule.due_by(elapsed) == sum(n <= elapsed * rate for n in number.tolist())


def test_payments_are_due_evenly_and_labels_with_the_next_payment() -> None:
    """At 500/s one payment is due every 2 ms from the start, whatever rides along."""
    schedule = Schedule(start=1_000.0, rate=500.0, number=np.array([0, 1, 2, 2, 2, 3]))

    assert schedule.due().tolist() == [1_000_000, 1_000_002, 1_000_004, 1_000_004, 1_000_004, 1_000_006]


@pytest.mark.kafka
def test_records_carry_their_due_time_though_the_generator_was_late(bootstrap: str, prefix: str) -> None:
    """A generator that stalls for 300 ms stamps what it then sends with when it was due, not with now."""
    settings = Settings(kafka=Kafka(bootstrap=bootstrap, prefix=prefix, partitions=2))
    create_topics(bootstrap, settings, [])
    material = payments(1_000, partitions=2, customers=500)
    order = Order(
        bootstrap=bootstrap, prefix=prefix, partitions=2, rate=1_000.0, seconds=1.0, loud_share=0.0, seed=1, report=""
    )

    async def stalled() -> tuple[float, dict[str, float]]:
        async def stall() -> None:
            await asyncio.sleep(0.8)
            time.sleep(0.3)  # noqa: ASYNC251  # that it blocks is the point

        offered, _ = await asyncio.gather(offer(order, material), stall())
        return offered.began, offered.behind_ms

    began, behind = asyncio.run(stalled())
    consumer = consumer_of(settings, ["transactions"], from_beginning=True)
    stamps: list[int] = []
    while len(stamps) < 1_000:
        stamps += [record.timestamp for records in consumer.poll(timeout_ms=100).values() for record in records]
    consumer.close()

    assert sorted(stamps) == np.floor(began + np.arange(1_000)).astype(int).tolist()  # one a millisecond, no gap
    assert behind["max"] > 200.0
