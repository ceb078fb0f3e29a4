"""A steady load of any length (``stream.bench.lasting.steady``)."""

import asyncio

import numpy as np
import pytest

from stream.agents.topics import create_topics
from stream.bench.flow import Flow
from stream.bench.lasting.steady import Order, keep_offering
from stream.consume import consumer_of
from stream.settings import Kafka, Settings


@pytest.mark.kafka
def test_every_payment_is_sent_once_and_stamped_with_when_it_was_due(bootstrap: str, prefix: str) -> None:
    """A thousand at 500/s: one every 2 ms from the first, whatever the machine was doing."""
    settings = Settings(kafka=Kafka(bootstrap=bootstrap, prefix=prefix, partitions=2))
    create_topics(bootstrap, settings, [])
    flow = Flow(customers=50, terminals=10, history=5.0, partitions=2)
    order = Order(bootstrap=bootstrap, prefix=prefix, flow=flow, first=300, rate=500.0, seconds=2.0, report="")

    offered = asyncio.run(keep_offering(order))
    consumer = consumer_of(settings, ["transactions"], from_beginning=True)
    found: list[tuple[int, bytes]] = []
    while len(found) < 1_000:
        found += [
            (record.timestamp, record.value) for records in consumer.poll(timeout_ms=100).values() for record in records
        ]
    consumer.close()

    expected = flow.material(300, 1_000)
    is_payment = expected.lane < 2
    assert offered.payments == 1_000
    assert sorted(value for _, value in found) == sorted(np.array(expected.values, object)[is_payment].tolist())
    assert sorted(at for at, _ in found) == np.floor(offered.began + 2.0 * np.arange(1_000)).astype(int).tolist()
