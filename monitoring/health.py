"""Is a worker alive, is it ready: rules over what it was last seen doing, as functions of given times."""

from dataclasses import dataclass

STALLED_SECONDS = 60.0  # where nobody says otherwise; a commit is due every second or so

_BUSY = "one slice has kept its stage busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Work of one topic partition that should have been done by now.

    since  when it became due, in the seconds of ``Progress``
    lag    records of the partition that wait, as of the last look
    """

    topic: str
    partition: int
    since: float
    lag: int = 0

    @property
    def place(self) -> str:
        """Topic and partition as Kafka's tools write them."""
        return f"{self.topic}-{self.partition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a worker was last seen doing; all times in seconds of one clock.

    now          of the reading
    closed_at    start of the process, or of the rebalance under way or last done
    recovered_at last rows read back since then; None before the first
    opened_at    since when partitions are assigned and their state is complete; None while they are not
    partitions   assigned when it opened
    heard        last report of any kind by the worker's loop
    taking       the slice that a stage is busy with; None between slices
    uncommitted  oldest work done that no commit covers; None where all is covered
    waiting      records that wait, since the last commit of any partition of which some wait; None where none wait
    """

    now: float
    closed_at: float
    recovered_at: float | None = None
    opened_at: float | None = None
    partitions: int = 0
    heard: float = 0.0
    taking: Due | None = None
    uncommitted: Due | None = None
    waiting: Due | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """Why a worker should be restarted.

    reason   in one sentence: where, for how long, how much waits
    seconds  without progress
    due      the work concerned; None where it is that of no single partition
    """

    reason: str
    seconds: float
    due: Due | None = None


def stall(seen: Progress, *, stalled_seconds: float = STALLED_SECONDS) -> Stall | None:
    """Find what has lasted longer than ``stalled_seconds``; None where the worker gets on.

    Until it has its partitions and their state, rows must be read back now and then. After that nothing may last so
    long: one slice in a stage, work without a commit, records that wait, silence. Having nothing to do, or no
    partition at all, is healthy; and so is a payment that waits in the merge, for its position is committed.
    """
    if seen.opened_at is None:
        closed = seen.now - seen.closed_at
        still = seen.now - max(seen.closed_at, seen.recovered_at or seen.closed_at)
        reason = f"no partitions with their state for {closed:.0f} s, and no row read back for {still:.0f} s"
        return Stall(reason=reason, seconds=still) if still > stalled_seconds else None
    if not seen.partitions:
        return None
    for due, what in (
        (seen.taking, _BUSY),
        (seen.uncommitted, "events were taken but nothing was committed"),
        (seen.waiting, "records wait and nothing was committed"),
    ):
        if due is not None and seen.now - due.since > stalled_seconds:
            if seen.taking is not None and seen.now - seen.taking.since > stalled_seconds / 2:
                return _stall(seen, seen.taking, _BUSY)  # the cause of all the rest
            return _stall(seen, due, what)
    silent = seen.now - max(seen.heard, seen.opened_at)
    if silent > stalled_seconds:
        return Stall(reason=f"no sign of life from the worker's loop for {silent:.0f} s", seconds=silent)
    return None


def _stall(seen: Progress, due: Due, what: str) -> Stall:
    seconds = seen.now - due.since
    return Stall(reason=f"{due.place}: {what} for {seconds:.0f} s, lag {due.lag}", seconds=seconds, due=due)


def unhealthy(seen: Progress, *, stalled_seconds: float = STALLED_SECONDS) -> str:
    """Say why the worker should be restarted; "" where it should not."""
    found = stall(seen, stalled_seconds=stalled_seconds)
    return found.reason if found is not None else ""


def unready(seen: Progress) -> str:
    """Say why the worker takes no events at present; "" where it does. Without partitions it is a ready stand-by."""
    if seen.opened_at is None:
        return f"no partitions assigned with their state recovered, for {seen.now - seen.closed_at:.0f} s"
    return ""
