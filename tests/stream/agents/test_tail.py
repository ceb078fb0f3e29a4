"""Reading the tail of output partitions."""

import asyncio

import pytest

from stream.agents.tail import Tail
from stream.settings import Kafka

pytestmark = pytest.mark.kafka


def test_a_worker_without_partitions_reads_no_tail_and_goes_on(bootstrap: str) -> None:
    """With more workers than partitions one gets none; its tail ends without cancelling who opened it."""

    async def of_nothing() -> dict[object, set[str]]:
        async with Tail(Kafka(bootstrap=bootstrap)) as tail:
            return dict(await tail.ids_since({}))

    assert asyncio.run(of_nothing()) == {}
