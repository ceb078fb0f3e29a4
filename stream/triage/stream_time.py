"""What time it is in the stream: a verdict given today on a recorded day belongs into that day, not after it."""

from collections.abc import Iterator

import msgspec

from stream.consume import consumer_of, read_to_end
from stream.settings import Settings
from stream.wire.topics import TRANSACTIONS

_LAST = 20  # records of each partition that are looked at


class _Dated(msgspec.Struct):
    at: int


def stream_time(settings: Settings, *, now: int) -> int:
    """Event time of the newest payments, never later than ``now``; ``now``, epoch ms, where there are none.

    A label far ahead of all payments would make the worker wait for them, or take them for late.
    """
    return min(now, max(_newest(settings), default=now))


def _newest(settings: Settings) -> Iterator[int]:
    consumer = consumer_of(settings, [TRANSACTIONS.name], from_beginning=False)
    try:
        places = consumer.assignment()
        first = consumer.beginning_offsets(places)
        for place, end in consumer.end_offsets(places).items():
            consumer.seek(place, max(first[place], end - _LAST))
        for _, value in read_to_end(consumer):
            try:
                yield msgspec.json.decode(value, type=_Dated).at
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # no payment: the worker has made a dead letter of it
    finally:
        consumer.close()
