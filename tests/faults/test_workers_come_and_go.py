"""One worker, then two, three, and one again, under load."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(300)]


def test_partitions_may_move_under_load(bootstrap: str, tmp_path: Path) -> None:
    """Every move takes the state along: alerts, scores, risk and state are those of a replay."""
    row = row_of("workers come and go", bootstrap, tmp_path)

    assert_clean(row)
