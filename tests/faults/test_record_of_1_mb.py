"""A record of 1 MB stands in the midst of each input topic."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_a_record_of_1_mb_is_a_dead_letter_and_no_more(bootstrap: str, tmp_path: Path) -> None:
    """One on each of three topics: three dead letters, and all else as in a replay."""
    row = row_of("record of 1 MB", bootstrap, tmp_path)

    assert_clean(row)
    assert row.dead_letters == 3
