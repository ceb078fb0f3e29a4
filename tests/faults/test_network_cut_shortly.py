"""The network between worker and broker is cut for 5 s."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_short_cut_changes_nothing(bootstrap: str, tmp_path: Path) -> None:
    """What was on its way arrives late, and is known: alerts, scores, risk and state are those of a replay."""
    row = row_of("network cut 5 s", bootstrap, tmp_path)

    assert_clean(row)
