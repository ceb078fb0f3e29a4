"""The Faust transport of slices: its consumer, and a producer whose order per partition survives retries."""

from collections.abc import Mapping
from typing import Any

from faust.transport import drivers
from faust.transport.drivers import aiokafka as driver

from stream.agents.consumer import SliceConsumer

SCHEME = "kafka-slices"
_BATCH_BYTES = 256 * 1024
_REQUEST_BYTES = 16 << 20


class SliceProducer(driver.Producer):
    """An idempotent producer: rows never stand behind the checkpoint that vouches for them."""

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
