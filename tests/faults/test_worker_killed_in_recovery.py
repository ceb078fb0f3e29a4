"""A worker is killed, and killed again while it reads back its state."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_a_worker_killed_while_it_recovers_begins_again_from_the_same_state(bootstrap: str, tmp_path: Path) -> None:
    """Half a recovery leaves no trace: alerts, scores, risk and state are those of a replay."""
    row = row_of("worker killed in recovery", bootstrap, tmp_path)

    assert_clean(row)
