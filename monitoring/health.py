"""Is a worker alive, is it ready: rules over what it was last seen doing, as functions of given times."""

from dataclasses import dataclass

STALLED_SECONDS = 60.0  # a commit is due every second or so
RECOVERY_SECONDS = 900.0  # reading back state; a million keys take less than ten


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a worker was last seen doing; all times in seconds of one clock.

    now          of the reading
    closed_at    start of the process, or of the rebalance under way or last done
    opened_at    since when partitions are assigned and their state is complete; None while they are not
    partitions   assigned when it opened
    heard        last report of any kind by the worker's loop
    taken_at     last slice with records in it; None before the first
    uncommitted  since when work has been done that no commit covers; None where all is covered
    waiting      since when records have waited without a break; None where none wait
    lag          records that wait
    """

    now: float
    closed_at: float
    opened_at: float | None = None
    partitions: int = 0
    heard: float = 0.0
    taken_at: float | None = None
    uncommitted: float | None = None
    waiting: float | None = None
    lag: int = 0


def unhealthy(
    seen: Progress, *, stalled_seconds: float = STALLED_SECONDS, recovery_seconds: float = RECOVERY_SECONDS
) -> str:
    """Say why the worker should be restarted; "" where it should not.

    Until it has its partitions and their state it gets ``recovery_seconds``. After that three things may last
    ``stalled_seconds``: silence of its loop, work without a commit, records that wait while none is taken. Having
    nothing to do, or no partition at all, is healthy.
    """
    if seen.opened_at is None:
        closed = seen.now - seen.closed_at
        return f"no partitions with their state for {closed:.0f} s" if closed > recovery_seconds else ""
    if not seen.partitions:
        return ""
    silent = seen.now - max(seen.heard, seen.opened_at)
    if silent > stalled_seconds:
        return f"no sign of life from the worker's loop for {silent:.0f} s"
    if seen.uncommitted is not None:
        due = seen.now - seen.uncommitted
        if due > stalled_seconds:
            return f"events taken but nothing committed for {due:.0f} s, {seen.lag} records wait"
    if seen.waiting is not None:
        stuck = seen.now - max(seen.waiting, seen.taken_at or seen.opened_at)
        if stuck > stalled_seconds:
            return f"{seen.lag} records wait and none was taken for {stuck:.0f} s"
    return ""


def unready(seen: Progress) -> str:
    """Say why the worker takes no events at present; "" where it does. Without partitions it is a ready stand-by."""
    if seen.opened_at is None:
        return f"no partitions assigned with their state recovered, for {seen.now - seen.closed_at:.0f} s"
    return ""
