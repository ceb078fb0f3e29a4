"""The Faust transport of slices: its consumer, and a producer whose order per partition survives retries."""

from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaProducer
from faust.transport import drivers
from faust.transport.drivers import aiokafka as driver

from stream.agents.consumer import SliceConsumer

SCHEME = "kafka-slices"
_BATCH_BYTES = 256 * 1024
_REQUEST_BYTES = 16 << 20


class SliceProducer(driver.Producer):
    """Two idempotent producers: rows never stand behind the checkpoint that vouches for them.

    prompt  for what somebody waits for
    bulk    for state and scores, a MB at a time: on the same connection each would hold alerts up while Kafka takes it
    """

    prompt: AIOKafkaProducer
    bulk: AIOKafkaProducer

    async def on_start(self) -> None:
        """Connect both."""
        await super().on_start()
        self.prompt = self._ensure_producer()
        self.bulk = self._new_producer()
        await self.bulk.start()

    async def on_stop(self) -> None:
        """Disconnect both."""
        await self.bulk.stop()
        await super().on_stop()

    def _settings_extra(self) -> Mapping[str, Any]:
        # Faust sets these for exactly-once alone
        return {
            "acks": "all",
            "enable_idempotence": True,
            "max_batch_size": _BATCH_BYTES,
            "max_request_size": _REQUEST_BYTES,
        }


class SliceTransport(driver.Transport):
    """Kafka by slices: ``kafka-slices://host:port``."""

    Consumer = SliceConsumer
    Producer = SliceProducer


def register() -> None:
    """Make the scheme known to Faust, which takes a class path."""
    drivers.TRANSPORTS.aliases[SCHEME] = f"{__name__}:{SliceTransport.__name__}"
