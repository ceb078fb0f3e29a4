"""A backlog: records of a material in Kafka before anybody reads them."""

import asyncio
import time

from stream.bench.material import Material
from stream.bench.sending import connected, send


def preload(material: Material, part: slice, *, bootstrap: str, prefix: str) -> None:
    """Write a part of the records, stamped now, and return when Kafka holds them all."""
    asyncio.run(_preload(material, range(len(material))[part], bootstrap, prefix))


async def _preload(material: Material, part: range, bootstrap: str, prefix: str) -> None:
    now = round(time.time() * 1000)
    lanes = [[place for place in material.in_lane(lane) if place in part] for lane in range(len(material.lanes))]
    async with connected(bootstrap) as producer:
        await asyncio.gather(
            *(send(producer, material, places, [now] * len(places), prefix=prefix) for places in lanes if places)
        )
