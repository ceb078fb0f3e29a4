"""The real worker on a real Kafka, stopped and killed in mid-stream, against a replay of the same events."""

import random
import signal
import time
from typing import Any

import msgspec
import pytest

from stream.wire.events import Alert, RiskSnapshot, Scores
from stream.wire.topics import ALERTS, RISK, SCORES
from tests.integration.pipeline import Pipeline, end

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def scores_of(values: list[bytes]) -> dict[tuple[int, int], dict[str, float]]:
    """Payment → detector → score; a payment that stands twice has the same scores."""
    found: dict[tuple[int, int], dict[str, float]] = {}
    for value in values:
        batch = msgspec.json.decode(value, type=Scores)
        for i, place in enumerate(zip(batch.partitions, batch.offsets, strict=True)):
            scores = {name: column[i] for name, column in batch.detectors.items()}
            assert found.setdefault(place, scores) == scores
    return found


def alerts_of(values: list[bytes]) -> dict[str, dict[str, Any]]:
    """Alerts by id, less the clocks; none may stand twice."""
    found: dict[str, dict[str, Any]] = {}
    for value in values:
        alert = msgspec.to_builtins(msgspec.json.decode(value, type=Alert))
        assert alert["id"] not in found
        clocks = ("detected_at", "emitted_at", "produced_at")
        found[alert["id"]] = {name: field for name, field in alert.items() if name not in clocks}
    return found


def snapshots_of(values: list[bytes]) -> dict[str, RiskSnapshot]:
    """Risk snapshots by id; none may stand twice."""
    snapshots = [msgspec.json.decode(value, type=RiskSnapshot) for value in values]
    found = {snapshot.id: snapshot for snapshot in snapshots}
    assert len(found) == len(snapshots)
    return found


def rows_of(stages: Any) -> dict[tuple[int, bytes], bytes]:
    """All rows of a replay's stages, by partition and key."""
    found: dict[tuple[int, bytes], bytes] = {}
    for partition, stage in enumerate(stages):
        keys, values = stage.state.take_dirty()
        found |= {(partition, key): value for key, value in zip(keys, values, strict=True) if value is not None}
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL], ids=["clean stop", "kill -9"])
def test_a_worker_that_ends_in_mid_stream_changes_nothing(bootstrap: str, prefix: str, ending: int) -> None:
    """A worker is ended at a random moment and started again: scores, alerts, risk and state are those of a replay."""
    pipeline = Pipeline(bootstrap, prefix)
    pipeline.publish()
    waiting = pipeline.lag()
    moment = 0.5 * random.Random(prefix).random()
    print(f"seed {prefix}: the worker ends {moment:.2f} s after its first commit")  # noqa: T201  # shown on failure
    with pipeline.worker() as worker:
        while pipeline.lag() >= waiting:
            assert worker.poll() is None
            time.sleep(0.05)
        time.sleep(moment)
        assert end(worker, ending) == (0 if ending == signal.SIGTERM else -signal.SIGKILL)
    assert pipeline.lag() > 0, "the worker was through before it was ended: make the world larger"
    with pipeline.worker() as worker:
        pipeline.drain(worker)
        assert end(worker) == 0
    replay, expected = pipeline.replayed()

    assert scores_of(pipeline.read(SCORES.name)) == scores_of(expected[SCORES.name])
    assert alerts_of(pipeline.read(ALERTS.name)) == alerts_of(expected[ALERTS.name])
    assert snapshots_of(pipeline.read(RISK.name)) == snapshots_of(expected[RISK.name])
    assert pipeline.state("customers") == rows_of(replay.customers)
    assert pipeline.state("terminals") == rows_of(replay.terminals)
    assert pipeline.state("market") == rows_of(replay.market)
