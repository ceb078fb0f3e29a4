"""What became of alerts at the sinks: the topic ``deliveries``, read back."""

from collections.abc import Iterator

from stream.consume import consumer_of, read_to_end, seek_to_time
from stream.settings import Settings
from stream.wire.topics import DELIVERIES
from stream.wire.triage import Delivery, decode_delivery


def deliveries_since(settings: Settings, sink: str, since: int) -> Iterator[Delivery]:
    """Yield what became of alerts at ``sink`` ("" for all) since then, epoch ms, in order per sink."""
    consumer = consumer_of(settings, [DELIVERIES.name], from_beginning=True)
    try:
        seek_to_time(consumer, since)
        for _, value in read_to_end(consumer):
            delivery = decode_delivery(value)
            if sink in ("", delivery.sink) and delivery.at >= since:
                yield delivery
    finally:
        consumer.close()
