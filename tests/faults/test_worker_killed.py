"""A worker is ended by ``kill -9`` in mid-stream."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_killed_worker_loses_nothing_and_tells_nothing_twice(bootstrap: str, tmp_path: Path) -> None:
    """It is started again, and alerts, scores, risk and state are those of a replay."""
    row = row_of("worker killed", bootstrap, tmp_path)

    assert_clean(row)
