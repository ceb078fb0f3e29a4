"""Due times are fixed beforehand: what is late stays due when it was due."""

import threading

import pytest

from producers.pacing import Pacing, WallClock
from stream.errors import SettingsError


class HandClock:
    """A clock that stands still until someone waits."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.time = now

    def now(self) -> float:
        """What it shows."""
        return self.time

    def wait(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.time += seconds


def test_at_a_rate_records_are_due_evenly_whenever_they_are_sent() -> None:
    """A pause of 10 s between the sends moves no due time: the records after it are late, not later."""
    clock = HandClock()
    pacing = Pacing(clock=clock, rate=4.0)
    due = [pacing.due(at=0)]
    clock.wait(10.0)
    due += [pacing.due(at=0) for _ in range(3)]

    assert due == [1_000.0, 1_000.25, 1_000.5, 1_000.75]
    assert pacing.nap(due[-1]) == pytest.approx(9.25)


def test_at_a_speed_records_are_due_by_their_event_time() -> None:
    """Ten minutes of event time at speed 600 are one second."""
    pacing = Pacing(clock=HandClock(), speed=600.0)
    due = [pacing.due(at) for at in (50_000, 50_000, 650_000, 1_250_000)]

    assert due == [1_000.0, 1_000.0, 1_001.0, 1_002.0]


def test_without_a_pace_a_record_is_due_when_it_is_sent() -> None:
    """As fast as possible: nothing is ever behind."""
    clock = HandClock()
    pacing = Pacing(clock=clock)
    first = pacing.due(at=0)
    clock.wait(3.0)

    assert (first, pacing.due(at=0)) == (1_000.0, 1_003.0)


def test_naps_end_when_the_record_is_due() -> None:
    """1.2 s ahead are waited for in naps of half a second, then the record is on time."""
    clock = HandClock()
    pacing = Pacing(clock=clock, rate=1.0)
    due = pacing.due(at=0) + 1.2
    naps = [pacing.nap(due) for _ in range(3)]

    assert naps == pytest.approx([-0.7, -0.2, 0.0])
    assert clock.time == pytest.approx(due)


def test_a_stop_ends_a_wait_of_the_wall_clock() -> None:
    """A wait of a minute is over at once when the flow is to stop."""
    stop = threading.Event()
    clock = WallClock(stop)
    before = clock.now()
    threading.Timer(0.05, stop.set).start()
    clock.wait(60.0)

    assert 0.0 < clock.now() - before < 30.0


@pytest.mark.parametrize(
    ("rate", "speed", "field"), [(1.0, 1.0, "rate, speed"), (0.0, None, "rate"), (None, -1.0, "speed")]
)
def test_a_pace_that_is_none_is_refused(rate: float | None, speed: float | None, field: str) -> None:
    """Both at once, nought and less."""
    with pytest.raises(SettingsError) as refused:
        Pacing(clock=HandClock(), rate=rate, speed=speed)

    assert refused.value.field == field
