"""The long measurements (``stream.bench.lasting``), as short as can be: that each is carried out and adds up."""

import os
from pathlib import Path

import pytest

from stream.bench.ground import Ground
from stream.bench.lasting.parts import Extent, Lasting, measure_on_kafka
from stream.bench.processes import Cores
from stream.settings import Kafka, Settings

_EXTENT = Extent(
    scale_events=6_000,
    partitions=(8,),
    restart_keys=500,
    share=0.5,
    seconds=5.0,
    minutes=0.15,
    state=300,
    backlog=5_000,
)


def _measured(name: str, bootstrap: str, folder: Path) -> Lasting:
    cores = os.sched_getaffinity(0)
    ground = Ground(
        settings=Settings(kafka=Kafka(bootstrap=bootstrap)),
        cores=Cores(worker=cores, others=cores),
        folder=folder,
        tell=lambda what, share: None,  # noqa: ARG005
    )
    found = Lasting()
    measure_on_kafka([name], _EXTENT, ground, found)
    return found


@pytest.mark.kafka
@pytest.mark.slow
def test_what_is_offered_beyond_capacity_waits_and_is_all_done(bootstrap: str, tmp_path: Path) -> None:
    """Of three times the capacity nothing is lost, twice, or out of order for its customer: else this raises."""
    found = _measured("pressure", bootstrap, tmp_path).pressure

    assert found is not None
    assert found.offered == pytest.approx(3.0 * found.capacity)
    assert found.payments == 6_000 + 5_000 + 5_000 + int(found.offered * 5.0)
    assert found.samples[0].second < found.samples[-1].second
    assert all(sample.rss_mb > 0.0 for sample in found.samples)


@pytest.mark.kafka
@pytest.mark.slow
def test_a_worker_that_was_killed_is_followed_by_one_that_knows_its_customers(bootstrap: str, tmp_path: Path) -> None:
    """500 customers of five payments each; all three restarts come to a commit."""
    found = _measured("restart", bootstrap, tmp_path).restart

    assert found is not None
    assert 480 < found.keys <= 500  # drawn 2,500 times: 3.4 of 500 are missed on average
    assert found.changelog_records >= found.keys
    for resumed in (found.stopped, found.killed, found.named):
        assert 0.0 < resumed.up <= resumed.ready


@pytest.mark.kafka
@pytest.mark.slow
def test_a_soak_accounts_for_every_payment_and_gives_two_trends(bootstrap: str, tmp_path: Path) -> None:
    """Nine seconds at half capacity: loud payments raise alerts all the time, and both lines are there."""
    found = _measured("soak", bootstrap, tmp_path).soak

    assert found is not None
    assert found.payments == int(found.offered * 9.0)
    assert found.alerts > 0
    assert found.memory.first > 0.0
    assert len(found.p99_ms) >= 4


@pytest.mark.kafka
@pytest.mark.slow
def test_two_workers_and_other_partitions_drain_the_same_payments(bootstrap: str, tmp_path: Path) -> None:
    """Each run is held to conservation; what was measured is named after workers and partitions."""
    found = _measured("scale", bootstrap, tmp_path).scale

    assert found is not None
    assert {name: drained.workers for name, drained in found.workers.items()} == {"1": 1, "2": 2}
    assert {name: drained.partitions for name, drained in found.partitions.items()} == {"8": 8}
