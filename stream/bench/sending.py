"""The fastest way into Kafka that aiokafka has: whole record batches, compressed or not."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer

from stream.agents.closing import expect_closed
from stream.bench.material import Material

_BATCH_BYTES = 128 * 1024


@asynccontextmanager
async def connected(bootstrap: str, *, compression: str | None = "gzip") -> AsyncIterator[AIOKafkaProducer]:
    """Connect a producer; on leaving, all that was handed over is acknowledged.

    compression  None: as Kafka's clients do it unless told otherwise
    """
    expect_closed()
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        compression_type=compression,
        max_batch_size=_BATCH_BYTES,
        max_request_size=8 * _BATCH_BYTES,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(
    producer: AIOKafkaProducer, material: Material, places: Sequence[int], stamps: Sequence[int], *, prefix: str
) -> None:
    """Send the records at ``places``, all of one lane, in order; returns when the last batch is on its way.

    stamps  record timestamps, epoch ms, one a place
    """
    topic, partition = material.lanes[int(material.lane[places[0]])]
    keys, values = material.keys, material.values
    done = 0
    while done < len(places):
        batch = producer.create_batch()
        while done < len(places):
            place = places[done]
            if batch.append(key=keys[place], value=values[place], timestamp=stamps[done]) is None:
                break
            done += 1
        batch.close()
        await producer.send_batch(batch, prefix + topic, partition=partition)
