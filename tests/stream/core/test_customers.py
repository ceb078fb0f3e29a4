"""Customers: features equal to pandas, whatever the order, the batches and the restarts."""

import statistics
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.core.customers import CustomerTable
from stream.core.names import CUSTOMER_FEATURES, DAY_MS, HOUR_MS, WINDOWS
from stream.errors import SettingsError
from tests.stream.core.pandas_windows import customer_features
from tests.stream.core.random_payments import START, Paid, batch_of, pay, payments

STD_30D = CUSTOMER_FEATURES.index("customer_std_30d")
COUNT_30D = CUSTOMER_FEATURES.index("customer_count_30d")


def a_table(max_history: int = 64) -> CustomerTable:
    """A table without customers."""
    return CustomerTable(max_history=max_history, max_late_ms=HOUR_MS)


def a_payment(at: int, amount: int = 1000, *, customer: str = "c", terminal: str = "t", name: str = "") -> Paid:
    """A payment of ten euros, ``at`` ms after the start."""
    return Paid(START + at, customer, terminal, amount, name or f"p{at}-{amount}")


@given(paid=payments())
@settings(max_examples=60, deadline=None)
def test_features_equal_pandas(paid: list[Paid]) -> None:
    """Ties, exact window borders, silences and late events: each feature is what pandas makes of what was known."""
    columns = pay(a_table(), paid)

    assert columns.fresh.all()
    assert not columns.duplicate.any()
    np.testing.assert_allclose(columns.features, customer_features(paid), rtol=1e-9, atol=1e-9)


def test_windows_equal_pandas_rolling_on_a_long_ordered_stream() -> None:
    """Twenty customers, 4,000 payments in 60 days: counts, sums and deviations equal ``groupby.rolling``."""
    rng = np.random.default_rng(7)
    at = START + np.cumsum(rng.integers(1, 2 * 60 * DAY_MS // 4000, 4000))
    who, amount = rng.integers(0, 20, 4000), rng.lognormal(8, 1, 4000).astype(int)
    paid = [Paid(int(at[i]), f"c{who[i]:02d}", "t", int(amount[i]), f"p{i}") for i in range(4000)]
    table = a_table(max_history=512)
    features = np.concatenate([pay(table, paid[i : i + 333], i).features for i in range(0, 4000, 333)])

    frame = pd.DataFrame({"who": who, "money": amount / 100}, index=pd.to_datetime(at, unit="ms"))
    for name, span in WINDOWS.items():
        windows = frame.groupby("who")["money"].rolling(pd.Timedelta(milliseconds=span), closed="left")
        for figure, expected in (("sum", windows.sum()), ("mean", windows.mean()), ("std", windows.std())):
            column = features[:, CUSTOMER_FEATURES.index(f"customer_{figure}_{name}")]
            ordered = np.concatenate([column[who == customer] for customer in range(20)])
            filled = expected.fillna(0.0) if figure == "sum" else expected
            np.testing.assert_allclose(ordered, filled, rtol=1e-9, atol=1e-6)  # pandas itself drifts by 1e-7


@given(paid=payments(), cuts=st.lists(st.integers(0, 60), max_size=5))
@settings(max_examples=60, deadline=None)
def test_batches_change_no_bit(paid: list[Paid], cuts: list[int]) -> None:
    """One batch, some batches or one payment at a time: the same bits come out, and the same rows."""
    borders = sorted({0, len(paid), *(cut for cut in cuts if cut < len(paid))})
    whole, parts, singly = a_table(8), a_table(8), a_table(8)
    expected = pay(whole, paid).features
    split = [pay(parts, paid[a:b], a).features for a, b in pairwise(borders)]
    single = [pay(singly, [payment], i).features for i, payment in enumerate(paid)]

    assert np.concatenate(split).tobytes() == expected.tobytes()
    assert np.concatenate(single).tobytes() == expected.tobytes()
    assert whole.take_dirty() == parts.take_dirty() == singly.take_dirty()
    assert whole.overflowed == parts.overflowed == singly.overflowed


@given(paid=payments(), cut=st.integers(0, 60), again=st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_replaying_a_prefix_changes_nothing(paid: list[Paid], cut: int, again: int) -> None:
    """After a crash the events since the last commit come again: they are told as applied, and leave no trace."""
    cut = min(cut, len(paid))
    again = min(again, cut)
    table, undisturbed = a_table(), a_table()
    pay(table, paid[:cut])
    columns = pay(table, paid[again:], again)
    expected = pay(undisturbed, paid)

    assert columns.fresh.tolist() == [i >= cut for i in range(again, len(paid))]
    assert columns.features[cut - again :].tobytes() == expected.features[cut:].tobytes()
    assert table.take_dirty() == undisturbed.take_dirty()


@given(paid=payments(), cut=st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_a_restored_table_goes_on_as_if_nothing_had_happened(paid: list[Paid], cut: int) -> None:
    """Rows written, a fresh table loaded from them: the rest of the stream gives the same bits."""
    before, after, uninterrupted = a_table(8), a_table(8), a_table(8)
    cut = min(cut, len(paid))
    pay(before, paid[:cut])
    after.load(*before.take_dirty())
    features = pay(after, paid[cut:], cut).features
    expected = pay(uninterrupted, paid).features[cut:]

    assert features.tobytes() == expected.tobytes()
    assert after.nbytes > 0


@given(paid=payments(), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_a_shuffle_within_the_lateness_is_seen_as_what_was_known(paid: list[Paid], seed: int) -> None:
    """Payments of one hour in any order: each sees exactly those that came before it and happened before it."""
    order = np.random.default_rng(seed).permutation(len(paid))
    shuffled = [paid[i]._replace(at=START + paid[i].at % HOUR_MS) for i in order]
    columns = pay(a_table(), shuffled)

    np.testing.assert_allclose(columns.features, customer_features(shuffled), rtol=1e-9, atol=1e-9)


def test_the_same_payment_again_is_a_duplicate() -> None:
    """A producer sends one twice, under a new offset: told, not counted; another id at the same time is a payment."""
    table = a_table()
    first, twin = a_payment(0, name="a"), a_payment(0, name="b")
    columns = pay(table, [first, twin, first, a_payment(5)])

    assert columns.duplicate.tolist() == [False, False, True, False]
    assert columns.fresh.all()
    assert columns.features[3, COUNT_30D] == 2


def test_a_duplicate_counts_as_applied() -> None:
    """A duplicate moves its customer's offset, so a replay of it is recognised."""
    table = a_table()
    pay(table, [a_payment(0), a_payment(0)])
    columns = pay(table, [a_payment(0)], first_offset=1)

    assert not columns.fresh.any()


def test_deviation_is_exact_for_large_amounts_close_together() -> None:
    """Ten million euros give or take cents: ``statistics.stdev`` in whole numbers is the oracle, to the last bits."""
    amounts = [1_000_000_000 + (7 * i) % 11 for i in range(40)]
    columns = pay(a_table(), [a_payment(1000 * i, amount) for i, amount in enumerate(amounts)])

    for i in range(2, len(amounts)):
        assert columns.features[i, STD_30D] == pytest.approx(statistics.stdev(amounts[:i]) / 100, rel=1e-15)


def test_overflow_is_counted_and_the_oldest_goes() -> None:
    """A customer with room for eight pays twenty times in an hour: twelve are pushed out, and that is told."""
    table = a_table(8)
    columns = pay(table, [a_payment(1000 * i) for i in range(20)])

    assert table.overflowed == 12
    assert columns.features[:, COUNT_30D].tolist() == [min(i, 8) for i in range(20)]


def test_a_late_payment_older_than_a_full_history_is_itself_what_goes() -> None:
    """With eight newer ones kept, the ninth, older than all, is counted as pushed out and the eight stay."""
    table = a_table(8)
    pay(table, [a_payment(60_000 + i) for i in range(8)])
    pay(table, [a_payment(0)], first_offset=8)
    columns = pay(table, [a_payment(70_000)], first_offset=9)

    assert table.overflowed == 2  # the late one, and the oldest for the last one
    assert columns.features[0, COUNT_30D] == 8


def test_memory_follows_what_is_within_the_windows() -> None:
    """A year of steady payments takes no more room than its second month."""
    table, day = a_table(1024), 0
    sizes = []
    for month in range(12):
        for _ in range(30):
            paid = [a_payment(day * DAY_MS + 1000 * i, customer=f"c{i % 50}") for i in range(150)]
            pay(table, paid, first_offset=150 * day)
            day += 1
        if month in (1, 11):
            sizes.append(table.nbytes)

    assert table.overflowed == 0
    assert sizes[1] <= sizes[0]


def test_a_burst_gives_its_room_back() -> None:
    """A thousand payments in a minute, then a calm month: the row is small again and its room is others'."""
    table = a_table(1024)
    pay(table, [a_payment(i) for i in range(1000)])
    _, [large] = table.take_dirty()
    pay(table, [a_payment(31 * DAY_MS), a_payment(32 * DAY_MS)], first_offset=1000)
    _, [small] = table.take_dirty()
    full = table.nbytes
    pay(table, [a_payment(32 * DAY_MS + i, customer="other") for i in range(900)], first_offset=2000)

    assert large is not None
    assert small is not None
    assert len(large) > 16 * 1000
    assert len(small) < 100
    assert table.nbytes < full + 1000


def test_a_silent_customer_is_forgotten_without_a_trace_in_any_feature() -> None:
    """Silent for longer than any window, it is deleted after its row was written; back again, it is new either way."""
    table = a_table()
    pay(table, [a_payment(0, customer="silent")])
    written, _ = table.take_dirty()
    gone: list[bytes] = []
    for day in range(1, 40):
        pay(table, [a_payment(day * DAY_MS, customer="busy")], first_offset=day)
        keys, values = table.take_dirty()
        gone += [key for key, value in zip(keys, values, strict=True) if value is None]
    back = pay(table, [a_payment(40 * DAY_MS, customer="silent")], first_offset=50)

    assert written == [b"silent"]
    assert gone == [b"silent"]
    assert table.losses() == {"overflowed": 0, "evicted": 1}
    assert table.losses() == {"overflowed": 0, "evicted": 0}
    assert back.features[0, COUNT_30D] == 0
    assert len(table) == 2


def test_a_lateness_that_does_not_fit_is_refused() -> None:
    """Times are kept modulo 49 days, 30 of which the windows need."""
    with pytest.raises(SettingsError, match="max_late_seconds"):
        CustomerTable(max_history=8, max_late_ms=20 * DAY_MS)


def test_an_empty_batch_is_nothing() -> None:
    """A slice of which every record was refused."""
    columns = a_table().apply(batch_of([]))

    assert columns.features.shape == (0, len(CUSTOMER_FEATURES))
