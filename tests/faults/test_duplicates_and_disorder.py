"""A producer sends a tenth of the records twice, and all of them shuffled."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_producer_that_repeats_and_shuffles_changes_nothing_for_others(bootstrap: str, tmp_path: Path) -> None:
    """A payment that comes again is a duplicate, not scored again; the others are as in a replay."""
    row = row_of("duplicates and disorder", bootstrap, tmp_path)

    assert_clean(row)
    # a payment's copy is refused; of the other topics all is counted
    assert row.dead_letters > 0
    assert row.scored + row.dead_letters == row.events_in
