"""Stock Faust does the rival's job on a real Kafka (``stream.bench.rival_faust``)."""

import tempfile
from pathlib import Path

import msgspec
import pytest

from models.plugins import load_detectors
from stream.agents.topics import create_topics
from stream.bench.backlog import preload
from stream.bench.drain import Offsets, drain
from stream.bench.material import payments
from stream.bench.processes import running, share_cores
from stream.bench.rival import History, features, remember
from stream.bench.rival_faust import Job, Judge
from stream.consume import consumer_of, read_to_end
from stream.settings import Kafka, Settings
from stream.wire.codec import encode
from stream.wire.events import Transaction


@pytest.mark.kafka
def test_stock_faust_raises_the_alerts_that_a_loop_over_the_same_payments_raises(bootstrap: str, prefix: str) -> None:
    """Nothing is skipped and nothing judged on another history: else its speed would compare with nothing."""
    settings = Settings(kafka=Kafka(bootstrap=bootstrap, prefix=prefix, partitions=2))
    create_topics(bootstrap, settings, [])
    material = payments(600, partitions=2, loud_share=0.05, labels=False, customers=500)
    preload(material, slice(None), bootstrap=bootstrap, prefix=prefix)
    with tempfile.TemporaryDirectory() as folder:
        job = Job(bootstrap=bootstrap, prefix=prefix, group=prefix + "faust", partitions=2, folder=folder)
        topics = [prefix + "transactions"]
        with (
            Offsets(bootstrap, group=job.group, topics=topics, partitions=2) as offsets,
            running(
                "rival",
                [encode(job).decode()],
                cores=share_cores().worker,
                folder=Path(folder),
                environment={},
                module="stream.bench.rival_faust",
            ) as child,
        ):
            drain(offsets, child, total=600, within_seconds=90.0, on_progress=lambda _: None)
    consumer = consumer_of(settings, ["alerts"], from_beginning=True)
    told = {msgspec.json.decode(value)["transaction"] for _, value in read_to_end(consumer)}
    consumer.close()

    assert told == _suspicious(material.values)


def _suspicious(values: list[bytes]) -> set[str]:
    judge = Judge(load_detectors(("autoencoder",), None)[0])
    histories: dict[str, History] = {}
    found = set()
    for value in values:
        payment = msgspec.json.decode(value, type=Transaction)
        history = histories.get(payment.customer, ([], [], []))
        if judge.score(features(history, payment.at, payment.amount)) >= judge.threshold:
            found.add(payment.id)
        histories[payment.customer] = remember(history, payment.at, payment.amount, payment.terminal)
    assert found
    return found
