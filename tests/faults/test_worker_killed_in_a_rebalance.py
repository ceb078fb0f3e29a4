"""A third worker joins two, and one of the two is killed while partitions are divided anew."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_a_worker_killed_in_a_rebalance_leaves_every_partition_with_one_owner(bootstrap: str, tmp_path: Path) -> None:
    """Whoever owns what in the end: alerts, scores, risk and state are those of a replay."""
    row = row_of("worker killed in a rebalance", bootstrap, tmp_path)

    assert_clean(row)
