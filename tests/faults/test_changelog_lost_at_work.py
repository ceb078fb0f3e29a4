"""A changelog is deleted under a worker, and perhaps made anew, empty."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_a_worker_whose_changelog_is_taken_away_ends_until_it_is_rebuilt(bootstrap: str, tmp_path: Path) -> None:
    """It never goes on from half a state: it ends, and so does the next, until the rebuild."""
    row = row_of("changelog lost at work", bootstrap, tmp_path)

    assert_clean(row)
    assert str(row.facts["worker-2"]).split()[0] == "1"
