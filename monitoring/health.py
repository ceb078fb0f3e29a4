"""Is a worker alive, is it ready: rules over what it was last seen doing, as functions of given times."""

from dataclasses import dataclass

STALLED_SECONDS = 60.0  # a commit is due every second or so
RECOVERY_SECONDS = 900.0  # reading back state; a million keys take less than ten


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a worker was last seen doing; all times in seconds of one clock.

    now, started  of the reading, of the process
    heard         last report of any kind by the worker's loop
    assigned      input partitions assigned; None before the group has answered
    assigned_at   when they were
    recovered_at  when their state was complete; None while it is being read back
    taken_at      last slice with records in it; None before the first
    uncommitted   since when work has been done that no commit covers; None where all is covered
    waiting       since when records have waited without a break; None where none wait
    lag           records that wait
    """

    now: float
    started: float
    heard: float
    assigned: int | None = None
    assigned_at: float | None = None
    recovered_at: float | None = None
    taken_at: float | None = None
    uncommitted: float | None = None
    waiting: float | None = None
    lag: int = 0


def unhealthy(
    seen: Progress, *, stalled_seconds: float = STALLED_SECONDS, recovery_seconds: float = RECOVERY_SECONDS
) -> str:
    """Say why the worker should be restarted; "" where it should not.

    While it starts or reads back state it gets ``recovery_seconds``. After that three things may last
    ``stalled_seconds``: silence of its loop, work without a commit, records that wait while none is taken. Having
    nothing to do is healthy.
    """
    if seen.recovered_at is None:
        since = seen.now - (seen.started if seen.assigned_at is None else seen.assigned_at)
        return f"not recovered after {since:.0f} s" if since > recovery_seconds else ""
    silent = seen.now - seen.heard
    if silent > stalled_seconds:
        return f"no sign of life from the worker's loop for {silent:.0f} s"
    open_work = 0.0 if seen.uncommitted is None else seen.now - max(seen.uncommitted, seen.recovered_at)
    if open_work > stalled_seconds:
        return f"events taken but nothing committed for {open_work:.0f} s, {seen.lag} records wait"
    if seen.waiting is not None:
        stuck = seen.now - max(seen.waiting, seen.recovered_at, seen.taken_at or seen.started)
        if stuck > stalled_seconds:
            return f"{seen.lag} records wait and none was taken for {stuck:.0f} s"
    return ""


def unready(seen: Progress) -> str:
    """Say why the worker takes no events at present; "" where it does. Without partitions it is a ready stand-by."""
    if seen.assigned is None:
        return "no partitions assigned yet"
    if seen.recovered_at is None:
        return f"{seen.assigned} partitions assigned, their state not yet recovered"
    return ""
