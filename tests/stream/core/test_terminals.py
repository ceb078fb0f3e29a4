"""Terminals: features equal to pandas, payments and verdicts interleaved, whatever the batches and the restarts."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.core.names import DAY_MS, HOUR_MS, TERMINAL_FEATURES
from stream.core.terminals import TerminalColumns, TerminalTable
from tests.stream.core.pandas_windows import terminal_features
from tests.stream.core.random_payments import START, Heard, events, hear

COUNT_30D = TERMINAL_FEATURES.index("terminal_count_30d")
MEAN_30D = TERMINAL_FEATURES.index("terminal_mean_30d")
SHARE_1H, SHARE_30D = (TERMINAL_FEATURES.index(f"terminal_fraud_share_{w}") for w in ("1h", "30d"))
RUN = slice(TERMINAL_FEATURES.index("terminal_fraud_run"), len(TERMINAL_FEATURES))
PAYMENT, VERDICT = 0, 1


def a_table(max_history: int = 64) -> TerminalTable:
    """A table without terminals."""
    return TerminalTable(max_history=max_history, max_late_ms=HOUR_MS)


def hear_at(
    table: TerminalTable,
    position: tuple[int, int, int],
    *,
    at: int = START,
    terminal: str = "t",
    verdict: int | None = None,
) -> TerminalColumns:
    """Apply one payment, or one verdict, at a position of the total order."""
    seq, origin, offset = (np.array([part], np.int64) for part in position)
    return table.apply(
        kind=np.array([PAYMENT if verdict is None else VERDICT]),
        at=np.array([at], np.int64),
        amount=np.array([verdict or 0]),
        terminal=[terminal],
        seq=seq,
        origin=origin,
        offset=offset,
        id=[""],
        ratio=np.ones(1),
    )


@given(heard=events())
@settings(max_examples=60, deadline=None)
def test_features_equal_pandas(heard: list[Heard]) -> None:
    """Ties, exact window borders, silences and late events: each feature is what pandas makes of what was known."""
    columns = hear(a_table(), heard)

    assert columns.fresh.all()
    np.testing.assert_allclose(columns.features, terminal_features(heard), rtol=1e-9, atol=1e-9)


@given(heard=events(), cuts=st.lists(st.integers(0, 60), max_size=5))
@settings(max_examples=60, deadline=None)
def test_batches_change_no_bit(heard: list[Heard], cuts: list[int]) -> None:
    """One batch, some batches or one event at a time: the same bits come out, and the same rows."""
    borders = sorted({0, len(heard), *(cut for cut in cuts if cut < len(heard))})
    whole, parts, singly = a_table(8), a_table(8), a_table(8)
    expected = hear(whole, heard).features
    split = [hear(parts, heard[a:b], a).features for a, b in pairwise(borders)]
    single = [hear(singly, [event], i).features for i, event in enumerate(heard)]

    assert np.concatenate(split).tobytes() == expected.tobytes()
    assert np.concatenate(single).tobytes() == expected.tobytes()
    assert whole.take_dirty() == parts.take_dirty() == singly.take_dirty()
    assert whole.overflowed == parts.overflowed == singly.overflowed


@given(heard=events(), cut=st.integers(0, 60), again=st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_replaying_a_prefix_changes_nothing(heard: list[Heard], cut: int, again: int) -> None:
    """After a crash the events since the last commit come again: they are told as applied, and leave no trace."""
    cut = min(cut, len(heard))
    again = min(again, cut)
    table, undisturbed = a_table(), a_table()
    hear(table, heard[:cut])
    columns = hear(table, heard[again:], again)
    expected = hear(undisturbed, heard)

    assert columns.fresh.tolist() == [i >= cut for i in range(again, len(heard))]
    assert columns.features[cut - again :].tobytes() == expected.features[cut:].tobytes()
    assert table.take_dirty() == undisturbed.take_dirty()


@given(heard=events(), cut=st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_a_restored_table_goes_on_as_if_nothing_had_happened(heard: list[Heard], cut: int) -> None:
    """Rows written, a fresh table loaded from them: the rest of the stream gives the same bits."""
    before, after, uninterrupted = a_table(8), a_table(8), a_table(8)
    cut = min(cut, len(heard))
    hear(before, heard[:cut])
    after.load(*before.take_dirty())
    features = hear(after, heard[cut:], cut).features

    assert features.tobytes() == hear(uninterrupted, heard).features[cut:].tobytes()


@pytest.mark.parametrize(
    ("later", "fresh"),
    [
        ((5, 1, 7), False),
        ((5, 1, 6), False),
        ((5, 1, 8), True),
        ((5, 0, 9), False),
        ((5, 2, 0), True),
        ((4, 9, 9), False),
    ],
)
def test_a_position_is_compared_part_by_part(later: tuple[int, int, int], *, fresh: bool) -> None:
    """After (5, 1, 7) only what follows in the order (seq, origin, offset) is new to the terminal."""
    table = a_table()
    hear_at(table, (5, 1, 7))

    assert hear_at(table, later).fresh.tolist() == [fresh]


def test_a_busy_terminal_equals_a_brute_force_count() -> None:
    """Five thousand payments in 40 days, a fifth of them late: count and mean of 30 days at the last payments."""
    rng = np.random.default_rng(3)
    at = (
        START + np.sort(rng.integers(0, 40 * DAY_MS, 5000)) - rng.integers(0, 5, 5000) // 4 * rng.integers(0, 3_600_000)
    )
    amount = rng.integers(0, 2**31, 5000)
    heard = [Heard(PAYMENT, int(at[i]), "t", int(amount[i])) for i in range(5000)]
    table = a_table(max_history=8192)
    features = np.concatenate([hear(table, heard[i : i + 700], i).features for i in range(0, 5000, 700)])

    for i in range(4900, 5000):
        window = (at[:i] >= at[i] - 30 * DAY_MS) & (at[:i] < at[i])
        assert features[i, COUNT_30D] == window.sum()
        assert features[i, MEAN_30D] == pytest.approx(amount[:i][window].mean() / 100, rel=1e-12)


def test_a_verdict_counts_from_when_it_was_known() -> None:
    """One fraud and one genuine verdict: unseen in the millisecond they come in, a half of the verdicts after it."""
    table = a_table()
    verdicts = [Heard(VERDICT, START, "t", 1), Heard(VERDICT, START, "t", 0)]
    columns = hear(table, [*verdicts, Heard(PAYMENT, START, "t", 5), Heard(PAYMENT, START + 1, "t", 5)])

    assert np.isnan(columns.features[2, SHARE_30D])
    assert columns.features[3, SHARE_1H] == 0.5


def test_a_verdict_older_than_any_window_changes_no_figure() -> None:
    """Verdicts may come in any order; one from two months before the newest has nothing to say."""
    table = a_table()
    heard = [
        Heard(VERDICT, START, "t", 1),
        Heard(VERDICT, START - 60 * DAY_MS, "t", 0),
        Heard(PAYMENT, START + 1, "t", 5),
    ]
    columns = hear(table, heard)

    assert columns.features[2, SHARE_30D] == 1.0
    assert table.overflowed == 0


def test_a_straggler_sees_the_same_whether_or_not_its_terminal_was_forgotten() -> None:
    """Rows are swept at commits, whose times are chance: what a far too late payment sees must not depend on them."""
    swept, unswept = a_table(), a_table()
    for day in range(40):
        terminal = "silent" if day < 2 else "busy"
        position = (START + day * DAY_MS, 0, day)
        for table in (swept, unswept):
            hear_at(table, position, at=position[0], terminal=terminal)
        for _ in range(3):
            swept.take_dirty()
    known = (len(swept), len(unswept))
    late = [
        hear_at(table, (START + 40 * DAY_MS, 1, 0), at=START + 9 * DAY_MS, terminal="silent").features
        for table in (swept, unswept)
    ]

    assert known == (1, 2)
    assert late[0].tobytes() == late[1].tobytes()
    assert late[0][0, COUNT_30D] == 0


def test_a_run_of_frauds_is_told_by_its_length_its_age_and_its_least_remarkable_payment() -> None:
    """Two payments turn out to be fraud ten days later, one of them ordinary: a terminal to look at, until one is not.

    The ratio is rounded down to nine binary digits: 1.3 becomes 332/256.
    """
    paid = [
        Heard(PAYMENT, START, "t", 50_000, "a", 9.0),
        Heard(PAYMENT, START + DAY_MS, "t", 2_000, "b", 1.3),
    ]
    verdicts = [Heard(VERDICT, START + 10 * DAY_MS, "t", 1, "a"), Heard(VERDICT, START + 11 * DAY_MS, "t", 1, "b")]
    later = [Heard(PAYMENT, START + 13 * DAY_MS, "t", 1, "c", 1.0), Heard(VERDICT, START + 14 * DAY_MS, "t", 0, "c")]
    last = Heard(PAYMENT, START + 15 * DAY_MS, "t", 1, "d", 1.0)
    columns = hear(a_table(), [*paid, *verdicts, *later, last])

    assert columns.features[4, RUN].tolist() == pytest.approx([2, 3, 2, np.nan, 20, 332 / 256], nan_ok=True)
    assert columns.features[6, RUN].tolist() == pytest.approx([0, np.nan, 4, 1, np.nan, np.nan], nan_ok=True)


def test_a_run_long_past_is_as_good_as_forgotten_whether_or_not_it_was() -> None:
    """Rows are swept at commits, whose times are chance: a fraud of two months ago begins no run that goes on today."""
    swept, unswept = a_table(), a_table()
    for table in (swept, unswept):
        hear_at(table, (START, 1, 0), terminal="silent", verdict=1)
    for day in range(1, 60):
        for table in (swept, unswept):
            hear_at(table, (START + day * DAY_MS, 0, day), at=START + day * DAY_MS, terminal="busy")
        for _ in range(3):
            swept.take_dirty()
    now = START + 60 * DAY_MS
    for table in (swept, unswept):
        hear_at(table, (now, 1, 1), at=now, terminal="silent", verdict=1)
    known = (len(swept), len(unswept))
    seen = [hear_at(table, (now + 1, 2, 0), at=now + 1, terminal="silent").features for table in (swept, unswept)]

    assert known == (2, 2)
    assert seen[0].tobytes() == seen[1].tobytes()
    assert seen[0][0, RUN][0] == 1


@given(heard=events(), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_what_a_verdict_says_is_seen_by_no_payment_before_it(heard: list[Heard], seed: int) -> None:
    """Verdicts turned round from some place on: every payment before it keeps its features, bit by bit."""
    rng = np.random.default_rng(seed)
    place = int(rng.integers(len(heard)))
    turned = [e._replace(amount=1 - e.amount) if i >= place and e.kind == VERDICT else e for i, e in enumerate(heard)]

    before = hear(a_table(), heard).features[:place]
    assert hear(a_table(), turned).features[:place].tobytes() == before.tobytes()


def test_overflow_is_counted_and_the_oldest_goes() -> None:
    """A terminal with room for eight sees twenty: the mean is of the last eight, and twelve are told as pushed out."""
    table = a_table(8)
    columns = hear(table, [Heard(PAYMENT, START + i, "t", 100 * i) for i in range(20)])

    assert table.overflowed == 12
    assert columns.features[19, MEAN_30D] == np.mean(range(11, 19))
