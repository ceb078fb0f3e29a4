from monitoring.health import unhealthy
from monitoring.watch import Watch


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Tell it."""
        return self.now


def a_watch() -> tuple[Watch, Clock]:
    """A watch over a worker that has just recovered."""
    clock = Clock()
    watch = Watch(clock)
    watch.opened(4)
    return watch, clock


def test_the_commit_age_is_that_of_the_oldest_uncommitted_work() -> None:
    """One partition that no longer commits is seen, and named, though all the others do."""
    watch, clock = a_watch()
    watch.taking("customers", "transactions", 0)
    watch.took("customers", 0)
    watch.returned()
    clock.now = 105.0
    watch.took("customers", 1)
    watch.took("customers", 0)
    watch.committed("customers", 1, ["transactions"])
    clock.now = 170.0

    assert watch.commit_age_seconds() == 70.0
    assert unhealthy(watch.progress()) == (
        "transactions-0: events were taken but nothing was committed for 70 s, lag 0"
    )
    watch.committed("customers", 0, ["transactions"])
    assert watch.commit_age_seconds() == 0.0
    assert unhealthy(watch.progress()) == ""


def test_a_slice_is_named_until_its_stage_returns() -> None:
    """What a hanging stage was given, with the lag as last seen."""
    watch, clock = a_watch()
    watch.lag("weir-by-terminal", 3, 17)
    watch.taking("terminals", "weir-by-terminal", 3)
    clock.now = 165.0

    assert unhealthy(watch.progress()) == "weir-by-terminal-3: one slice has kept its stage busy for 65 s, lag 17"
    watch.returned()
    assert watch.progress().taking is None


def test_waiting_is_counted_from_when_records_began_to_wait() -> None:
    """A partition that catches up while another still lags does not reset it."""
    watch, clock = a_watch()
    watch.lag("ticks", 0, 5)
    clock.now = 110.0
    watch.lag("ticks", 1, 7)
    watch.lag("ticks", 0, 0)

    waiting = watch.progress().waiting
    assert waiting is not None
    assert (waiting.place, waiting.since, waiting.lag) == ("ticks-1", 110.0, 7)
    watch.lag("ticks", 1, 0)
    assert watch.progress().waiting is None


def test_under_a_backlog_each_partition_gets_its_turn() -> None:
    """One that waits for longer than a minute is no fault while others with records waiting commit theirs."""
    watch, clock = a_watch()
    watch.lag("ticks", 0, 5_000)
    watch.lag("ticks", 1, 7_000)
    for clock.now in (130.0, 160.0, 190.0):
        watch.lag("ticks", 1, 6_000)
        watch.committed("market", 1, ["ticks"])

    assert unhealthy(watch.progress()) == ""
    clock.now = 251.0
    assert unhealthy(watch.progress()).startswith("ticks-0: records wait and nothing was committed for 61 s")


def test_a_partition_that_waits_alone_is_not_hidden_by_those_without_a_backlog() -> None:
    """The others commit what trickles in; nothing of theirs waits, so nothing explains why this one does."""
    watch, clock = a_watch()
    watch.lag("ticks", 0, 5)
    for clock.now in (130.0, 160.0, 190.0):
        watch.lag("ticks", 1, 0)
        watch.committed("market", 1, ["ticks"])

    assert unhealthy(watch.progress()) == "ticks-0: records wait and nothing was committed for 90 s, lag 5"


def test_rows_that_come_back_are_progress() -> None:
    """Before the partitions are open, and until the next rebalance begins."""
    watch, clock = a_watch()
    watch.closed()
    clock.now = 150.0
    watch.recovering()
    clock.now = 200.0

    assert unhealthy(watch.progress()) == ""
    clock.now = 211.0
    assert unhealthy(watch.progress()) == "no partitions with their state for 111 s, and no row read back for 61 s"


def test_a_rebalance_forgets_the_partitions_of_the_last() -> None:
    """Another worker's backlog and work are not this one's."""
    watch, clock = a_watch()
    watch.lag("ticks", 0, 5)
    watch.took("market", 0)
    clock.now = 130.0
    watch.closed()
    clock.now = 133.0

    assert watch.opened(2) == 3.0
    assert watch.progress().waiting is None
    assert watch.commit_age_seconds() == 0.0


def test_what_comes_before_the_worker_starts_is_no_standing_still() -> None:
    """Kernels were compiled for two minutes on a slow machine: the first minute after is the first that counts."""
    clock = Clock()
    watch = Watch(clock)
    clock.now = 220.0
    watch.begins()
    clock.now = 279.0

    assert unhealthy(watch.progress()) == ""
    clock.now = 281.0
    assert unhealthy(watch.progress()) == "no partitions with their state for 61 s, and no row read back for 61 s"
