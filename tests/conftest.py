"""What tests share: one Kafka a session and names of their own on it."""

import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from deployment.local.choose import kafka_for
from stream.errors import MachineError
from stream.settings import Kafka, Settings

# A shell that puts pytest in the background makes it, and all that it starts, deaf to Ctrl-C, which some tests press.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def bootstrap() -> Iterator[str]:
    """``host:port`` of the session's Kafka: that of ``WEIR_BOOTSTRAP`` if set, else an embedded one."""
    settings = Settings(kafka=Kafka(bootstrap=os.environ.get("WEIR_BOOTSTRAP", "")))
    with ExitStack() as stack:
        try:
            address = stack.enter_context(kafka_for(settings, on_progress=print))
        except MachineError as error:
            if settings.kafka.bootstrap or "CI" in os.environ:
                raise  # who names a Kafka, or runs in CI, wants these tests run
            pytest.skip(f"no Kafka to be had: {error}")
        yield address


@pytest.fixture
def prefix() -> str:
    """Make a prefix for topics and groups that no other test has."""
    return f"t{uuid.uuid4().hex[:10]}-"
