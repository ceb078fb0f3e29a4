"""All between worker and broker arrives 200 ms later, each way."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_a_slow_network_changes_no_figure(bootstrap: str, tmp_path: Path) -> None:
    """Everything comes later, nothing else: alerts, scores, risk and state are those of a replay."""
    row = row_of("network delayed", bootstrap, tmp_path)

    assert_clean(row)
