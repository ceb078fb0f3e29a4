import socket
import time

import pytest

from deployment.local.choose import kafka_for, require_answer
from stream.errors import MachineError
from stream.settings import Kafka, Settings


@pytest.mark.kafka
def test_a_named_kafka_is_used_as_it_is(bootstrap: str) -> None:
    """With a bootstrap in the settings nothing is started: the same address comes back."""
    with kafka_for(Settings(kafka=Kafka(bootstrap=bootstrap))) as chosen:
        assert chosen == bootstrap


@pytest.mark.kafka
def test_without_a_name_one_is_started_and_stopped() -> None:
    """The default: a broker that answers inside the block and is gone after it."""
    told: list[str] = []
    with kafka_for(Settings(), on_progress=told.append) as chosen:
        require_answer(Kafka(bootstrap=chosen))

    assert "starting Kafka" in told
    with pytest.raises(MachineError):
        require_answer(Kafka(bootstrap=chosen), within_seconds=0.5)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # kafka-python drops a socket unclosed
def test_a_named_kafka_that_is_silent_is_refused_in_time() -> None:
    """A server that accepts and says nothing counts as none: one line, within the asked time."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        began = time.monotonic()

        with pytest.raises(MachineError, match=rf"^No Kafka answers at {address} within 1 s\. .*WEIR_BOOTSTRAP"):
            require_answer(Kafka(bootstrap=address), within_seconds=1.0)

    assert time.monotonic() - began < 4.0
