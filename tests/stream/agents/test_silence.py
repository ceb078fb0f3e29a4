"""A silence is what the broker says, not what it does not say."""

import numpy as np

from stream.agents.silence import UNKNOWN_SECONDS, Answer, Silence

PATIENCE = 0.5
END = 7
WRITTEN = np.array([1_000, 2_000])  # record timestamps: a second apart


def asked(silence: Silence, *, begin: float, end: float, every: float = 0.1) -> float | None:
    """Have a broker say from ``begin`` to ``end`` that there is nothing; returns when the silence was long enough."""
    for number in range(1, round((end - begin) / every) + 1):
        now = begin + number * every
        if silence.lasts(PATIENCE, Answer(at=round(1000 * now), end=END), read_to=END, now=now):
            return round(now, 3)
    return None


def test_a_silence_lasts_once_nothing_came_for_so_long() -> None:
    """The last record came at 10; the broker says every 0.1 s that there is nothing: at 10.5 it is a silence of 0.5."""
    silence = Silence(0.0)
    silence.hear(WRITTEN, is_news=True, now=10.0)

    assert asked(silence, begin=10.0, end=11.0) == 10.5


def test_an_old_answer_says_nothing_of_now() -> None:
    """The broker said once, long ago, that there is nothing, and nothing since: that is no silence."""
    silence = Silence(0.0)
    answer = Answer(at=100, end=END)
    silence.lasts(PATIENCE, answer, read_to=END, now=0.1)

    assert not silence.lasts(PATIENCE, answer, read_to=END, now=30.0)


def test_what_is_not_read_yet_is_no_silence() -> None:
    """Records wait at the broker: nothing came from them yet, but nobody may pass them over."""
    silence = Silence(0.0)

    assert not silence.lasts(PATIENCE, Answer(at=600, end=END), read_to=END - 1, now=0.6)
    assert silence.lasts(PATIENCE, Answer(at=601, end=END), read_to=END, now=0.6)


def test_a_silence_begins_anew_when_a_broker_that_was_gone_answers_again() -> None:
    """No answer from 0.2 to 30: what its producers held back has as long to arrive as any record."""
    silence = Silence(0.0)
    asked(silence, begin=0.0, end=0.2)

    assert asked(silence, begin=29.9, end=31.0) == 30.5


def test_slow_answers_do_not_keep_a_silence_from_growing() -> None:
    """A broker that answers only every 0.9 s, as to a worker that is busy elsewhere, is believed all the same."""
    assert UNKNOWN_SECONDS > 0.9
    assert asked(Silence(0.0), begin=0.0, end=3.0, every=0.9) == 0.9


def test_a_record_ends_a_silence_that_was_told() -> None:
    """What was told is told again after a record came."""
    silence = Silence(0.0)
    silence.is_told = True
    silence.hear(WRITTEN, is_news=True, now=1.0)

    assert not silence.is_told


def test_poison_written_over_a_longer_time_is_silence_wherever_it_ends() -> None:
    """Records of a second, all refused, more to come: as good as silent for half a second, not for two."""
    silence = Silence(0.0)
    silence.hear(WRITTEN, is_news=False, now=0.0)
    more = Answer(at=1, end=END + 1)

    assert not silence.lasts(2.0, more, read_to=END, now=9.0)
    assert silence.lasts(PATIENCE, more, read_to=END, now=9.0)


def test_a_topic_that_mostly_pauses_for_longer_keeps_nobody_waiting() -> None:
    """An event a second: once five of nine pauses are known, the broker's next word that there is no more is enough."""
    silence = Silence(0.0)
    told = []
    for second in range(1, 7):
        silence.hear(WRITTEN, is_news=True, now=float(second))
        told.append(asked(silence, begin=float(second), end=second + 0.2))

    assert told == [None, None, None, None, 5.1, 6.1]


def test_one_stall_makes_no_busy_topic_a_rare_one() -> None:
    """Events every 0.1 s, then none for 30 s while all stood still: the next silence is waited for as ever."""
    silence = Silence(0.0)
    for tenth in range(1, 10):
        silence.hear(WRITTEN, is_news=True, now=tenth / 10)
    silence.hear(WRITTEN, is_news=True, now=31.0)

    assert asked(silence, begin=31.0, end=32.0) == 31.5
