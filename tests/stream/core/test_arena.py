"""The arena: thousands of rings that grow, shrink, move and go, over many pages, and none loses an entry."""

import numpy as np
import pytest

from stream.core.arena import horizon_for
from stream.core.customers import CustomerTable
from stream.core.names import CUSTOMER_FEATURES, DAY_MS, HOUR_MS
from stream.core.rings import capacity_for
from stream.errors import SettingsError
from tests.stream.core.random_payments import START, Paid, pay

COUNT_30D, SUM_30D = (CUSTOMER_FEATURES.index(f"customer_{name}_30d") for name in ("count", "sum"))


def test_thousands_of_rings_keep_their_entries() -> None:
    """40,000 payments of 3,000 customers, some a hundred times busier than others, equal a search in sorted lists."""
    rng = np.random.default_rng(11)
    n, customers = 40_000, 3_000
    at = START + np.sort(rng.choice(60 * DAY_MS, n, replace=False))
    who = (customers * rng.random(n) ** 3).astype(int)
    amount = rng.integers(0, 2**31, n)
    paid = [Paid(int(at[i]), f"c{who[i]}", "t", int(amount[i]), f"p{i}") for i in range(n)]
    table = CustomerTable(max_history=4096, max_late_ms=HOUR_MS)
    features = np.concatenate([pay(table, paid[i : i + 1000], i).features for i in range(0, n, 1000)])

    for customer in range(customers):
        mine = np.flatnonzero(who == customer)
        begins = np.searchsorted(at[mine], at[mine] - 30 * DAY_MS)
        sums = np.concatenate(([0], np.cumsum(amount[mine])))
        np.testing.assert_array_equal(features[mine, COUNT_30D], np.arange(mine.size) - begins)
        np.testing.assert_allclose(features[mine, SUM_30D], (sums[: mine.size] - sums[begins]) / 100, rtol=1e-12)


def test_room_of_deleted_keys_serves_new_ones() -> None:
    """All of 2,000 customers deleted one by one, 2,000 others come: the table is no larger."""
    table = CustomerTable(max_history=64, max_late_ms=HOUR_MS)
    old = [Paid(START + i, f"a{i % 2000:04d}", "t", i, f"p{i}") for i in range(12_000)]
    new = [payment._replace(customer=payment.customer.replace("a", "b")) for payment in old]
    pay(table, old)
    full = table.nbytes
    keys, _ = table.take_dirty()
    table.load(keys, [None] * len(keys))
    columns = pay(table, new)

    assert len(table) == 2000
    assert table.nbytes <= full
    assert columns.features[-2000:, COUNT_30D].tolist() == [5.0] * 2000


def test_a_customer_of_the_reference_size_takes_a_kibibyte() -> None:
    """57 payments within 30 days, 10,000 customers: arrays, index and texts of the keys together."""
    table = CustomerTable(max_history=1024, max_late_ms=HOUR_MS)
    for day in range(57):
        paid = [Paid(START + day * DAY_MS // 2 + i, f"c{i:05d}", "t", i, f"p{day}-{i}") for i in range(10_000)]
        pay(table, paid, 10_000 * day)

    assert table.nbytes / len(table) <= 1024


@pytest.mark.parametrize("count", [1, 4, 57, 60, 61, 127, 128, 1024, 65_536])
def test_capacity_fits_with_little_to_spare(count: int) -> None:
    """Room for the count and at most an eighth more, or a few entries."""
    capacity = capacity_for(count)

    assert count <= capacity <= max(count + 6, 9 * count / 8)
    assert capacity_for(count + 1) >= capacity


def test_a_lateness_beyond_32_bits_is_refused() -> None:
    """The longest that fits is taken, a second more is not."""
    most = 2**32 - 1 - 30 * DAY_MS

    assert horizon_for(most) == 2**32 - 1
    with pytest.raises(SettingsError, match="at most"):
        horizon_for(most + 1000)
