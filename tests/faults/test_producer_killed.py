"""A producer is ended by ``kill -9`` in mid-batch."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_what_a_killed_producer_may_have_sent_is_sent_again_and_counts_once(bootstrap: str, tmp_path: Path) -> None:
    """The next one begins at the oldest record of which the last is not sure."""
    row = row_of("producer killed", bootstrap, tmp_path)

    assert_clean(row)
    assert row.scored + row.dead_letters == row.events_in
