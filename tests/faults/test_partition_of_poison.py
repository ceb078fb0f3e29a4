"""One partition of payments holds nothing but poison; its customers pay on another."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_a_partition_of_poison_keeps_no_other_waiting(bootstrap: str, tmp_path: Path) -> None:
    """Each of its records is one dead letter; all else is as in a replay."""
    row = row_of("partition of poison", bootstrap, tmp_path)

    assert_clean(row)
    assert row.dead_letters > row.events_in / 20  # of 4 partitions of payments one, about a seventh of all
