"""One secured Kafka for all tests of this folder: it takes many seconds to start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment.local.users import secured_kafka
from stream.agents.topics import create_topics
from stream.settings import Settings
from stream.walk import STAGES


@pytest.fixture(scope="package")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where certificates and passwords are."""
    return tmp_path_factory.mktemp("secrets")


@pytest.fixture(scope="package")
def known(secrets: Path) -> Iterator[dict[str, Settings]]:
    """By role, and "admin": the settings by which each comes to the broker, on which all topics are."""
    with secured_kafka(Settings(), secrets) as known:
        admin = known["admin"]
        create_topics(admin.kafka.bootstrap, admin, STAGES)
        yield known
