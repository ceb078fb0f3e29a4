"""The broker's disk is full: it halts, then there is room, and it is started again."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_a_broker_without_disk_loses_nothing_it_had_acknowledged(bootstrap: str, tmp_path: Path) -> None:
    """Alerts, scores, risk and state are those of a replay of what it holds."""
    row = row_of("disk full at the broker", bootstrap, tmp_path)

    assert_clean(row)
