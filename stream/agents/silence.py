"""How long a topic has been silent, counted only while its broker answers: from no answer nothing follows."""

from collections import deque
from statistics import median
from typing import NamedTuple

from stream.wire.columns import Ints

UNKNOWN_SECONDS = 1.0  # without an answer, after which a silence begins anew; under back-pressure they come each 0.1 s
_PAUSES = 9  # over which its usual one is judged


class Answer(NamedTuple):
    """What the broker last said of a partition.

    at   epoch milliseconds, when it said so
    end  offset after the last record
    """

    at: int
    end: int


class Silence:
    """Of one topic partition; ``now`` is always of the monotonic clock, seconds.

    is_told  whether the stage knows of it

    A broker that is down, cut off or without a leader brings nothing either, but its producers may have much to say.
    Were that taken for silence, what they say would be merged behind what others said later.

    A topic that mostly pauses for so long between its events is silent as soon as it is read to its end: to wait for
    what it rarely has would hold all others back after each of its events, as labels did at 1,000 payments/s. The
    median says so: a stall of everything makes no busy topic a rare one.
    """

    def __init__(self, now: float) -> None:
        self.is_told = False
        self._heard = self._since = self._answered = now
        self._last: int | None = None  # time of the broker's last answer, by the broker's reader
        self._spoke: int | None = None  # record timestamp of the last event, or of the first record
        self._read = 0  # of the last record
        self._pauses = deque([0.0] * _PAUSES, _PAUSES)  # seconds between the latest events, slice by slice

    def hear(self, produced: Ints, *, is_news: bool, now: float) -> None:
        """Take note of records.

        produced  (n,) their timestamps, epoch milliseconds
        is_news   False: all were refused
        """
        if len(produced):
            self._spoke = int(produced[0]) if self._spoke is None else self._spoke
            self._read = int(produced[-1])
        if is_news:
            self.is_told = False
            self._pauses.append(now - self._heard)
            self._heard = self._since = self._answered = now
            self._spoke = None if self._spoke is None else self._read

    def lasts(self, seconds: float, answer: Answer | None, *, read_to: int, now: float) -> bool:
        """Take the broker's latest word; tell whether there was no event for ``seconds``.

        Either it is read to its end, or all that it brought was refused, written over as long a time: who reads nothing
        but poison need not come to its end, and nobody is to wait for that.

        read_to  next offset to be read
        """
        if self._spoke is not None and self._read - self._spoke > 1000 * seconds:
            return now - self._heard >= seconds
        if answer is None or answer.at == self._last:
            return False  # its old word: what is there now is not known
        if now - self._answered > max(seconds, UNKNOWN_SECONDS):
            self._since = now
        self._last, self._answered = answer.at, now
        return read_to == answer.end and max(now - self._since, median(self._pauses)) >= seconds
