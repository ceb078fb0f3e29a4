"""Of three brokers one that leads is lost, and comes back ten seconds later."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_another_leader_goes_on_where_the_lost_one_was(bootstrap: str, tmp_path: Path) -> None:
    """Alerts, scores, risk and state are those of a replay."""
    row = row_of("leader lost", bootstrap, tmp_path)

    assert_clean(row)
