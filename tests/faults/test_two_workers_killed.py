"""Two workers are ended by ``kill -9`` in the same second."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(300)]


def test_two_workers_killed_in_the_same_second_lose_nothing(bootstrap: str, tmp_path: Path) -> None:
    """Both are started again: alerts, scores, risk and state are those of a replay."""
    row = row_of("two workers killed", bootstrap, tmp_path)

    assert_clean(row)
