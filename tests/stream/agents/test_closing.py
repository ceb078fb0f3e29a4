"""Kafka closes a connection in the moment a request is written to it: with uvloop too that is a broken connection."""

import asyncio

import pytest
import uvloop
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from stream.agents.closing import expect_closed

pytestmark = pytest.mark.kafka


async def send_after_close(bootstrap: str) -> None:
    """Ask for metadata on a connection whose transport is closed, which it has not been told yet."""
    host, port = bootstrap.split(",", maxsplit=1)[0].rsplit(":", 1)
    connection = await create_conn(host, int(port))
    try:
        connection._writer.transport.close()  # what a broker's end does to it
        await asyncio.sleep(0)  # the transport knows, the connection does not yet
        await connection.send(MetadataRequest([]))
    finally:
        connection.close()


def test_a_request_on_a_closed_transport_is_a_broken_connection(bootstrap: str) -> None:
    """Aiokafka tries such a request again; before, uvloop's own error ended the task that had sent it."""
    expect_closed()

    with pytest.raises(KafkaConnectionError, match="handler is closed"):
        uvloop.run(send_after_close(bootstrap))
