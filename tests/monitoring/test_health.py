from dataclasses import replace

from monitoring.health import Due, Progress, stall, unhealthy, unready

WELL = Progress(now=1000.0, closed_at=0.0, opened_at=3.0, partitions=8, heard=999.5)


def due(since: float, *, lag: int = 5) -> Due:
    """Work of one partition."""
    return Due(topic="transactions", partition=2, since=since, lag=lag)


def test_a_worker_that_takes_and_commits_is_healthy() -> None:
    """Half a second of uncommitted work, and some records that wait, are the ordinary state of things."""
    assert unhealthy(replace(WELL, uncommitted=due(999.5), waiting=due(999.0), taking=due(999.9))) == ""


def test_work_without_a_commit_is_unhealthy_after_a_minute() -> None:
    """At 60 s it may still come; at 61 s the reason names partition, time and lag."""
    assert unhealthy(replace(WELL, uncommitted=due(940.0))) == ""
    assert unhealthy(replace(WELL, uncommitted=due(939.0))) == (
        "transactions-2: events were taken but nothing was committed for 61 s, lag 5"
    )


def test_records_that_wait_without_any_commit_are_unhealthy() -> None:
    """The consumer is stuck though the loop lives."""
    assert unhealthy(replace(WELL, waiting=due(900.0, lag=7))) == (
        "transactions-2: records wait and nothing was committed for 100 s, lag 7"
    )


def test_a_slice_that_never_returns_is_unhealthy() -> None:
    """A plug-in that hangs stops the loop: what it was given tells where, before silence would."""
    assert unhealthy(replace(WELL, taking=due(930.0, lag=0), heard=930.0)) == (
        "transactions-2: one slice has kept its stage busy for 70 s, lag 0"
    )


def test_what_keeps_the_loop_busy_is_the_cause_of_what_is_not_committed() -> None:
    """Work from a moment before the slice that hangs is overdue first; to name that would lead astray."""
    hanging = Due(topic="weir-by-terminal", partition=1, since=0.0)

    assert unhealthy(replace(WELL, uncommitted=due(939.0), taking=replace(hanging, since=940.5))) == (
        "weir-by-terminal-1: one slice has kept its stage busy for 60 s, lag 0"
    )
    assert unhealthy(replace(WELL, uncommitted=due(939.0), taking=replace(hanging, since=999.0))).startswith(
        "transactions-2: events were taken"
    )


def test_how_long_is_a_setting() -> None:
    """Ten seconds of patience instead of a minute; the facts come apart from the sentence too."""
    found = stall(replace(WELL, uncommitted=due(985.0)), stalled_seconds=10.0)

    assert found is not None
    assert (found.seconds, found.due) == (15.0, due(985.0))
    assert stall(replace(WELL, uncommitted=due(985.0)), stalled_seconds=20.0) is None


def test_an_idle_worker_is_healthy_for_ever() -> None:
    """Nothing taken, nothing waiting, but its loop looks at the lag every second: nothing to restart for."""
    assert unhealthy(replace(WELL, now=90_000.0, heard=89_999.0)) == ""


def test_a_silent_loop_is_unhealthy() -> None:
    """A loop that hangs reports no lag either, so its silence is what tells."""
    assert unhealthy(replace(WELL, heard=930.0)) == "no sign of life from the worker's loop for 70 s"


def test_a_recovery_may_last_while_rows_come() -> None:
    """Reading back state commits nothing; what counts is that rows come. Without any for a minute it hangs."""
    recovering = Progress(now=1000.0, closed_at=200.0, heard=200.0, recovered_at=950.0)

    assert unhealthy(recovering) == ""
    assert unhealthy(replace(recovering, recovered_at=930.0)) == (
        "no partitions with their state for 800 s, and no row read back for 70 s"
    )


def test_a_rebalance_that_hangs_is_unhealthy() -> None:
    """No row has come at all: it counts from when the partitions were taken away."""
    assert unhealthy(Progress(now=1000.0, closed_at=941.0)) == ""
    assert unhealthy(Progress(now=1000.0, closed_at=930.0)) == (
        "no partitions with their state for 70 s, and no row read back for 70 s"
    )


def test_ready_means_assigned_and_recovered() -> None:
    """From the last commit before a rebalance on it is not, and says for how long."""
    assert unready(Progress(now=5.0, closed_at=1.0)) == "no partitions assigned with their state recovered, for 4 s"
    assert unready(WELL) == ""


def test_a_stand_by_without_partitions_is_ready_and_healthy() -> None:
    """More workers than partitions: the extra one waits in silence, which is its job."""
    stand_by = replace(WELL, partitions=0, heard=3.0)

    assert (unready(stand_by), unhealthy(stand_by)) == ("", "")
