"""Workers with names of their own: one that is started again finds its partitions where it left them."""

from pathlib import Path

import pytest

from tests.stream.agents.cluster import Cluster, stop

RECORDS = 2_000


@pytest.mark.kafka
@pytest.mark.slow
def test_a_named_worker_that_is_killed_and_started_again_disturbs_no_other(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """Within the session timeout the group takes it for the same member: the other reads on, and state is exact."""
    cluster = Cluster(bootstrap, prefix)
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    with cluster.worker(first, instance="weir-0") as killed, cluster.worker(second, instance="weir-1") as other:
        cluster.wait_for(lambda: cluster.workers() == 2 and settled(first) > 0 and settled(second) > 0, killed)
        cluster.produce(RECORDS, seconds=1)
        before = settled(first), settled(second)
        killed.kill()
        killed.wait()
        with cluster.worker(first, instance="weir-0") as again:
            cluster.wait_for(lambda: settled(first) > before[0], again)
            cluster.produce(RECORDS, seed=2)
            cluster.drain(again)

            assert settled(second) == before[1]
            assert stop(again) == stop(other) == 0
    rows, ids, count = cluster.folded()

    assert count == 2 * RECORDS
    assert cluster.state("count") == rows
    assert set(cluster.ids("alerts")) >= ids
    assert set(cluster.ids("alerts").values()) == {1}


def settled(log: Path) -> int:
    """How often the worker has been given partitions and has read their state."""
    return log.read_text().count("event=recovered")
