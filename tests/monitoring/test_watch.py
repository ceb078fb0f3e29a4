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
    """One partition that no longer commits is seen though all the others do."""
    watch, clock = a_watch()
    watch.took("customers", 0)
    clock.now = 105.0
    watch.took("customers", 1)
    watch.took("customers", 0)
    watch.committed("customers", 1)
    clock.now = 170.0

    assert watch.commit_age_seconds() == 70.0
    assert unhealthy(watch.progress()) == "no sign of life from the worker's loop for 65 s"
    watch.lag("transactions", 0, 0)
    assert unhealthy(watch.progress()).startswith("events taken but nothing committed for 70 s")
    watch.committed("customers", 0)
    assert watch.commit_age_seconds() == 0.0


def test_waiting_is_counted_from_when_records_began_to_wait() -> None:
    """A partition that catches up while another still lags does not reset it."""
    watch, clock = a_watch()
    watch.lag("ticks", 0, 5)
    clock.now = 110.0
    watch.lag("ticks", 1, 7)
    watch.lag("ticks", 0, 0)

    assert watch.progress().waiting == 100.0
    assert watch.progress().lag == 7
    watch.lag("ticks", 1, 0)
    assert watch.progress().waiting is None


def test_a_rebalance_forgets_the_partitions_of_the_last() -> None:
    """Another worker's backlog and work are not this one's."""
    watch, clock = a_watch()
    watch.lag("ticks", 0, 5)
    watch.took("market", 0)
    clock.now = 130.0
    watch.closed()
    clock.now = 133.0

    assert watch.opened(2) == 3.0
    assert watch.progress().lag == 0
    assert watch.commit_age_seconds() == 0.0
