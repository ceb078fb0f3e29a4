"""One row of the matrix as a test does it: the very harm of ``weir faults``, one seed, fewer events."""

import os
from functools import lru_cache
from pathlib import Path

import pytest

from models.detector import Detector
from stream.bench.material import Material
from stream.faults.events import ALERTS, mixed
from stream.faults.ground import Ground, one_broker
from stream.faults.plan import harms
from stream.faults.row import Row, Stand, run_row
from stream.settings import Kafka, Settings
from stream.walk import detectors_of

EVENTS = 48_000
SECONDS = 8.0  # of load

in_long_form = pytest.mark.skipif(
    "WEIR_FAULTS_LONG" not in os.environ, reason="in the long form alone: set WEIR_FAULTS_LONG=1"
)


def row_of(name: str, bootstrap: str, folder: Path, *, seed: int = 1) -> Row:
    """Do the harm called ``name``: on the session's broker, or on brokers of its own where it harms those."""
    if reason := harms()[name].lacks():
        pytest.skip(reason)
    setup = harms()[name].setup
    if setup.is_shared and setup.ground is one_broker:
        return _row_on(Ground(brokers=(), bootstrap=bootstrap, worker_bootstrap=bootstrap), name, seed, folder)
    with setup.ground(folder) as ground:
        return _row_on(ground, name, seed, folder)


def assert_clean(row: Row) -> None:
    """Nothing lost, nothing twice, nothing wrong, and every event accounted for."""
    assert row.fault == "", row.facts
    assert (row.missing, row.duplicate, row.unexpected) == (0, 0, 0), row.facts
    assert (row.state_wrong, row.others_wrong) == (0, 0), row.facts
    assert row.alerts_expected > 0
    assert row.is_clean, row


def _row_on(ground: Ground, name: str, seed: int, folder: Path) -> Row:
    stand = Stand(material=_material, detectors=_detectors(), folder=folder, tell=_tell, events=EVENTS, seconds=SECONDS)
    return run_row(harms()[name], seed, ground, stand)


def _tell(row: str, what: str) -> None:
    print(f"{row}: {what}")  # noqa: T201  shown on failure, seed and all


@lru_cache(maxsize=1)
def _material(count: int, seed: int) -> Material:
    return mixed(count, partitions=Kafka().partitions, seed=seed)


@lru_cache(maxsize=1)
def _detectors() -> list[Detector]:
    return detectors_of(Settings(alerts=ALERTS))
