"""A connection that Kafka has closed under a request: aiokafka knows the error asyncio's loop gives, not uvloop's.

aiokafka 0.14.0 takes an OSError from a transport for a broken connection. uvloop raises RuntimeError where a transport
is closed, which no one catches: it ends the task that keeps the metadata up to date, and then its producer waits for
news of the broker for ever, without a word; or it ends the producer's sender.
"""

from functools import wraps
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_send = AIOKafkaConnection.send


@wraps(_send)
def _send_or_close(connection: AIOKafkaConnection, *request: Any, **options: Any) -> Any:
    try:
        return _send(connection, *request, **options)
    except RuntimeError as error:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"Connection at {connection.host}:{connection.port} broken: {error}") from error


def expect_closed() -> None:
    """Have every connection of this process take uvloop's error for what it is. May be called again."""
    AIOKafkaConnection.send = _send_or_close
