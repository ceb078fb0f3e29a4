"""A model is promoted while a real worker is under load: nothing lost, nothing twice, one model for each payment."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaProducer

from models.registry.gates import Gate
from models.registry.shelf import Registry
from stream.audit.reading import verify_broker
from stream.audit.recorder import Recorder
from stream.core.swap import OWN
from stream.errors import ModelError
from stream.registry.arrivals import champion_of
from stream.registry.steps import GateError, Steps
from stream.wire.audit import ModelChange
from stream.wire.codec import encode
from stream.wire.events import Alert, Scores, Transaction
from stream.wire.topics import ALERTS, CHANGES, SCORES, TRANSACTIONS
from tests.integration.pipeline import PATIENCE_SECONDS, Pipeline, end
from tests.models.registry.artefacts import an_artefact

pytestmark = pytest.mark.kafka

_START = 1_735_689_600_000
_RATE = 500  # payments a second
_NO_GATE: list[Gate] = []


@contextmanager
def paying(pipeline: Pipeline) -> Iterator[list[str]]:
    """Publish payments of eighty customers until the block ends, one in fifty a large one; yields their ids."""
    ids: list[str] = []
    over = threading.Event()
    kafka = pipeline.settings.kafka

    def pay() -> None:
        with closing(KafkaProducer(bootstrap_servers=kafka.bootstrap.split(","), linger_ms=5)) as producer:
            while not over.wait(0.05):
                for _ in range(_RATE // 20):
                    n = len(ids)
                    payment = Transaction(
                        id=f"t{n}",
                        at=_START + 20 * n,
                        customer=f"c{n % 80}",
                        terminal=f"m{n % 31}",
                        amount=90_000 if n % 50 == 49 else 1_000 + n % 300,
                    )
                    producer.send(
                        kafka.prefix + TRANSACTIONS.name, key=payment.customer.encode(), value=encode(payment)
                    )
                    ids.append(payment.id)
            producer.flush()

    thread = threading.Thread(target=pay)
    thread.start()
    try:
        yield ids
    finally:
        over.set()
        thread.join()


def versions_of(pipeline: Pipeline) -> tuple[dict[str, str], list[str]]:
    """Payment → the model that scored it, the same wherever it stands twice; and the models in order of appearance."""
    found: dict[str, str] = {}
    order: list[str] = []
    for value in pipeline.read(SCORES.name):
        batch = msgspec.json.decode(value, type=Scores)
        (version,) = set(batch.versions.values())
        order += [] if version in order else [version]
        for name in batch.ids:
            assert found.setdefault(name, version) == version
    return found, order


def scored_by(pipeline: Pipeline, model: str, worker: object) -> None:
    """Wait until some payment was scored by a model."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while model not in versions_of(pipeline)[1]:
        assert worker.poll() is None  # type: ignore[attr-defined]
        assert time.monotonic() < deadline, f"nothing is scored by {model}"
        time.sleep(0.2)


def changed_under_load(pipeline: Pipeline, steps: Steps, a: str, b: str) -> tuple[str, list[str]]:
    """Promote a, then b, kill the worker at once, roll back to a; returns the model at first, and all payments' ids."""
    with ExitStack() as stack:
        first = stack.enter_context(pipeline.worker())
        with paying(pipeline) as ids:
            own = ""
            while not own:
                own = next(iter(versions_of(pipeline)[1]), "")
                time.sleep(0.1)
            steps.promote(a, _NO_GATE, why="a test", forced="no data")
            scored_by(pipeline, a, first)
            steps.promote(b, _NO_GATE, why="a test", forced="no data")
            first.kill()
            first.wait()
            second = stack.enter_context(pipeline.worker())
            scored_by(pipeline, b, second)
            assert steps.rollback("a test") == a
            time.sleep(1.0)
        pipeline.drain(second)
        assert end(second) == 0
    return own, ids


def test_a_worker_under_load_takes_each_new_champion_without_a_restart(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """Two promotions and a rollback at five hundred payments a second, and a ``kill -9`` right after the second.

    Every payment is scored, by one model though it may be scored twice, and its alert names the same; every step is
    chained on ``changes`` before it acts.
    """
    pipeline = Pipeline(bootstrap, prefix)
    steps = Steps(settings=pipeline.settings, registry=Registry(tmp_path / "registry"), by="ada@host")
    for name, factor in (("a", 1.5), ("b", 0.7)):
        an_artefact(tmp_path / name, factor)
    a, b = (steps.register(tmp_path / name, "a test") for name in ("a", "b"))
    own, ids = changed_under_load(pipeline, steps, a, b)
    found, order = versions_of(pipeline)
    alerts = [msgspec.json.decode(value, type=Alert) for value in pipeline.read(ALERTS.name)]
    frauds = [alert for alert in alerts if alert.kind == "fraud"]
    with Recorder(pipeline.settings) as recorder:
        recorder.record_to_end()
    verifier, waiting = verify_broker(pipeline.settings)
    told = [
        msgspec.json.decode(value, type=ModelChange)
        for value in pipeline.read(CHANGES.name)
        if b'"model-change/1"' in value
    ]

    assert found.keys() == set(ids)
    assert set(order) == {own, a, b}
    assert len({alert.id for alert in alerts}) == len(alerts)
    assert frauds
    assert {(alert.evidence["transaction"], alert.detector.version) for alert in frauds} <= set(found.items())
    assert [(one.action, one.model, one.before) for one in told[2:]] == [
        ("promote", a, OWN),
        ("promote", b, a),
        ("rollback", a, b),
    ]
    assert set(told[2].detectors.values()) == {a}
    assert (verifier.faults, waiting) == ([], 0)
    assert champion_of(pipeline.settings) == steps.registry.champion() == a


def test_a_step_that_is_refused_changes_nothing_and_a_lost_order_is_sent_again(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """A gate that fails, a state that does not allow it; then a champion that the workers were never told of."""
    pipeline = Pipeline(bootstrap, prefix)
    registry = Registry(tmp_path / "registry")
    steps = Steps(settings=pipeline.settings, registry=registry, by="ada@host")
    an_artefact(tmp_path / "a", 1.5)
    a = steps.register(tmp_path / "a", "a test")
    lacking = [Gate(name="better", holds=False, says="-0.010; 0.010 short")]
    with pytest.raises(GateError, match=r"shadow .* refused by better: -0\.010; 0\.010 short\. --force REASON"):
        steps.shadow(a, lacking, why="")
    with pytest.raises(ModelError, match=r"promote .*: expected a model that is shadow, was candidate"):
        steps.promote(a, _NO_GATE, why="")
    steps.shadow(a, lacking, why="", forced="to see")
    line, _ = registry.prepared(msgspec.structs.replace(registry.journal()[-1], action="promote"))
    registry.write(line)  # as if the machine had gone down here

    assert [entry.action for entry in registry.journal()] == ["register", "shadow", "promote"]
    assert registry.journal()[1].gates == [{"name": "better", "holds": False, "says": "-0.010; 0.010 short"}]
    assert champion_of(pipeline.settings) == OWN
    with pytest.raises(ModelError, match="`weir models promote champion` tells them"):
        steps.rollback("")
    assert steps.resend() == a
    assert champion_of(pipeline.settings) == a
