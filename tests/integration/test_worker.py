"""The worker process on a real Kafka: nothing lost, nothing told twice, whatever ends it."""

import contextlib
import random
import time

import pytest
from kafka.admin import KafkaAdminClient

from stream.agents.spec import changelog_topic
from stream.agents.topics import create_topics
from tests.stream.agents.cluster import Cluster, stop
from tests.stream.agents.counting import ALERTS, EVERY, SCORES, SOURCE

pytestmark = pytest.mark.kafka


def assert_exact(cluster: Cluster) -> None:
    """State equals a fold by hand, every event is scored, every alert stands on its topic once."""
    rows, ids, total = cluster.folded()
    told = cluster.ids(ALERTS)
    scored = {value for _, _, _, value, _ in cluster.read(cluster.prefix + SCORES)}

    assert cluster.state("count") == rows
    assert cluster.state("tally") == rows
    assert len(scored) == total
    assert {name for name in told if name.startswith(SOURCE)} == ids
    assert len(told) == 2 * sum(count // EVERY for count, _ in rows.values())
    assert set(told.values()) == {1}


def test_two_stages_pass_on_every_event_and_tell_every_alert_once(bootstrap: str, prefix: str) -> None:
    """Five thousand records go through both stages; SIGTERM ends the worker with 0 and nothing uncommitted."""
    cluster = Cluster(bootstrap, prefix)
    cluster.produce(5_000)

    with cluster.worker() as worker:
        cluster.drain(worker)
        code = stop(worker)

    assert code == 0
    assert_exact(cluster)


def test_a_clean_stop_in_mid_stream_loses_and_repeats_nothing(bootstrap: str, prefix: str) -> None:
    """Three workers in turn, each stopped while records come, leave what one would have."""
    cluster = Cluster(bootstrap, prefix)
    with cluster.producing(12_000, seconds=7.0):
        for _ in range(2):
            with cluster.worker() as worker:
                cluster.wait_for(lambda: cluster.workers() == 1, worker)
                time.sleep(1.0)
                assert stop(worker) == 0
    with cluster.worker() as worker:
        cluster.drain(worker)
        stop(worker)

    assert_exact(cluster)


def test_a_killed_worker_loses_nothing_and_tells_nothing_twice(bootstrap: str, prefix: str) -> None:
    """``kill -9`` at random moments in mid-stream, twice: state, scores and alerts are those of an undisturbed run."""
    seed = random.SystemRandom().randrange(10_000)
    print(f"seed of the moments: {seed}")  # noqa: T201  to repeat a failure by
    draw = random.Random(seed)
    cluster = Cluster(bootstrap, prefix)
    with cluster.producing(20_000, seconds=14.0):
        for _ in range(2):
            with cluster.worker() as worker:
                cluster.wait_for(lambda: cluster.lag() < 2_000, worker)
                time.sleep(draw.uniform(0.2, 1.2))
                worker.kill()
    with cluster.worker() as worker:
        cluster.drain(worker)
        stop(worker)

    assert_exact(cluster)


def test_a_poison_record_becomes_a_dead_letter_and_its_neighbours_are_counted(bootstrap: str, prefix: str) -> None:
    """Of a slice with two records a stage can't bear, one of them the last, the others are counted as ever."""
    cluster = Cluster(bootstrap, prefix)
    cluster.send(SOURCE, [b"k1", b"k2", b"poison-a", b"k1", b"k1", b"poison-b"], partition=2)

    with cluster.worker() as worker:
        cluster.drain(worker)
        stop(worker)

    letters = cluster.ids("dead-letters")
    assert cluster.state("count") == {b"k1": (3, 4), b"k2": (1, 1)}
    assert letters == {f"{SOURCE}-2-2": 1, f"{SOURCE}-2-5": 1}
    assert set(cluster.ids(ALERTS)) >= {f"{SOURCE}-2-4"}


def test_a_second_worker_may_come_and_go_under_load(bootstrap: str, prefix: str) -> None:
    """One worker, then two, then one again, while records come: the same figures as of one alone."""
    cluster = Cluster(bootstrap, prefix)

    with cluster.producing(24_000, seconds=16.0) as producing, cluster.worker() as first:
        cluster.wait_for(lambda: cluster.workers() == 1, first)
        time.sleep(1.0)
        with cluster.worker() as second:
            cluster.wait_for(lambda: cluster.workers() == 2, second)
            time.sleep(2.0)
            assert stop(second) == 0
        producing.join()
        cluster.drain(first)
        assert stop(first) == 0

    assert_exact(cluster)


def test_a_worker_refuses_empty_state_where_offsets_are_committed(bootstrap: str, prefix: str) -> None:
    """Its changelog was deleted and made anew: the worker ends with an error, it does not count from zero."""
    cluster = Cluster(bootstrap, prefix)
    cluster.produce(500)
    with cluster.worker() as worker:
        cluster.drain(worker)
        stop(worker)
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.delete_topics([changelog_topic(cluster.settings, "count")])
    cluster.wait_for(lambda: bool(create_topics(bootstrap, cluster.settings, ["count"])))

    with cluster.worker() as worker:
        code = worker.wait(30)

    assert code == 1
