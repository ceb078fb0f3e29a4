"""One of two workers stands still for longer than the session timeout, then goes on."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_worker_that_wakes_after_its_partitions_were_given_away_writes_nothing(
    bootstrap: str, tmp_path: Path
) -> None:
    """The zombie's sends are refused, not believed: alerts, scores, risk and state are those of a replay."""
    row = row_of("worker frozen", bootstrap, tmp_path)

    assert_clean(row)
