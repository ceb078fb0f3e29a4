"""A second worker keeps the first one's state warm and takes over what it holds, not what the changelog holds."""

import contextlib
import re
import time
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from stream.agents.spec import changelog_topic
from tests.integration.test_worker import assert_exact
from tests.stream.agents.cluster import Cluster, stop
from tests.stream.agents.counting import PARTITIONS, SOURCE, SPECS

pytestmark = pytest.mark.kafka


def recoveries(log: Path) -> list[int]:
    """Changelog records read at each rebalance, as a worker's log has it."""
    return [int(count) for count in re.findall(r"event=recovered changelog_records=(\d+)", log.read_text())]


def changelog_length(cluster: Cluster) -> int:
    """Records on all changelogs."""
    names = [changelog_topic(cluster.settings, spec.name) for spec in SPECS]
    consumer = KafkaConsumer(bootstrap_servers=cluster.bootstrap)
    ends = consumer.end_offsets([TopicPartition(name, p) for name in names for p in range(PARTITIONS)])
    consumer.close()
    return sum(ends.values())


def committed(cluster: Cluster) -> list[int]:
    """What the group has committed of each partition of the source."""
    consumer = KafkaConsumer(bootstrap_servers=cluster.bootstrap, group_id=cluster.settings.kafka.group)
    places = [TopicPartition(cluster.prefix + SOURCE, p) for p in range(PARTITIONS)]
    found = [consumer.committed(place) or 0 for place in places]
    consumer.close()
    return found


def test_a_standby_takes_over_by_the_tail_of_the_changelog(bootstrap: str, prefix: str, tmp_path: Path) -> None:
    """The first of two workers is killed under load: the second reads a few rows and goes on, and nothing is wrong."""
    cluster = Cluster(bootstrap, prefix)
    log = tmp_path / "second.log"
    with cluster.producing(18_000, seconds=30.0) as producing, cluster.worker() as first:
        cluster.wait_for(lambda: cluster.workers() == 1, first)
        with cluster.worker(log) as second:
            cluster.wait_for(lambda: cluster.workers() == 2 and bool(recoveries(log)), second)
            time.sleep(4.0)  # warms up
            length, before = changelog_length(cluster), committed(cluster)
            first.kill()
            killed = time.monotonic()
            cluster.wait_for(
                lambda: all(now > then for now, then in zip(committed(cluster), before, strict=True)), second
            )
            seconds = time.monotonic() - killed
            producing.join()
            cluster.drain(second)
            assert stop(second) == 0
    read = recoveries(log)
    session = cluster.settings.kafka.session_seconds
    print(f"first commit {seconds:.1f} s after the kill, session {session} s; read {read} of {length}")  # noqa: T201

    assert 20 * read[-1] < length
    assert_exact(cluster)


def test_workers_that_join_one_by_one_keep_one_anothers_state_whole(
    bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """Each newcomer's fence stands in the changelogs of the others while these divide them anew: none reads past it."""
    cluster = Cluster(bootstrap, prefix)
    cluster.produce(500)
    with contextlib.ExitStack() as stack:
        workers = []
        for number in range(4):
            workers.append(stack.enter_context(cluster.worker(tmp_path / f"{number}.log")))
            cluster.wait_for(lambda: cluster.workers() == len(workers), workers[-1])
            time.sleep(1.0)  # standbys are read between rebalances

        assert [worker.poll() for worker in workers] == [None] * 4
        cluster.drain(workers[0])
        for worker in workers:
            stop(worker)
    assert_exact(cluster)
