from dataclasses import replace

from monitoring.health import Progress, unhealthy, unready

WELL = Progress(now=1000.0, closed_at=0.0, opened_at=3.0, partitions=8, heard=999.5, taken_at=999.5)


def test_a_worker_that_takes_and_commits_is_healthy() -> None:
    """Half a second of uncommitted work is the ordinary state of things."""
    assert unhealthy(replace(WELL, uncommitted=999.5, waiting=400.0, lag=12)) == ""


def test_work_without_a_commit_is_unhealthy_after_a_minute() -> None:
    """At 60 s it may still come; at 61 s the reason names time and backlog."""
    assert unhealthy(replace(WELL, uncommitted=940.0, lag=5)) == ""
    assert unhealthy(replace(WELL, uncommitted=939.0, lag=5)) == (
        "events taken but nothing committed for 61 s, 5 records wait"
    )


def test_records_that_wait_while_none_is_taken_are_unhealthy() -> None:
    """The consumer is stuck though the loop lives."""
    stuck = replace(WELL, waiting=900.0, taken_at=890.0, lag=7)

    assert unhealthy(stuck) == "7 records wait and none was taken for 100 s"
    assert unhealthy(replace(stuck, taken_at=990.0)) == ""


def test_an_idle_worker_is_healthy_for_ever() -> None:
    """No events for a quarter of an hour, none waiting: nothing to restart for."""
    assert unhealthy(replace(WELL, taken_at=100.0)) == ""


def test_the_first_event_after_an_idle_hour_does_not_make_a_worker_unhealthy() -> None:
    """What counts is how long it has waited, not how long ago the last commit was."""
    assert unhealthy(replace(WELL, now=4600.0, heard=4600.0, taken_at=100.0, waiting=4599.0, lag=1)) == ""


def test_a_silent_loop_is_unhealthy() -> None:
    """A loop that hangs reports no lag either, so its silence is what tells."""
    assert unhealthy(replace(WELL, heard=930.0)) == "no sign of life from the worker's loop for 70 s"


def test_recovery_has_its_own_longer_limit() -> None:
    """Reading back state commits nothing; only after a quarter of an hour is it given up."""
    recovering = Progress(now=1000.0, closed_at=200.0, heard=200.0)

    assert unhealthy(recovering) == ""
    assert unhealthy(replace(recovering, now=1101.0)) == "no partitions with their state for 901 s"


def test_backlog_from_before_the_recovery_counts_from_its_end() -> None:
    """A worker that has just come back to an old backlog gets its minute."""
    back = replace(WELL, opened_at=980.0, waiting=10.0, taken_at=None, lag=9)

    assert unhealthy(back) == ""
    assert unhealthy(replace(back, now=1041.0, heard=1041.0)) == "9 records wait and none was taken for 61 s"


def test_ready_means_assigned_and_recovered() -> None:
    """From the last commit before a rebalance on it is not, and says for how long."""
    assert unready(Progress(now=5.0, closed_at=1.0)) == "no partitions assigned with their state recovered, for 4 s"
    assert unready(WELL) == ""


def test_a_stand_by_without_partitions_is_ready_and_healthy() -> None:
    """More workers than partitions: the extra one waits in silence, which is its job."""
    stand_by = replace(WELL, partitions=0, heard=3.0, taken_at=None)

    assert (unready(stand_by), unhealthy(stand_by)) == ("", "")
