"""The only broker is ended by ``kill -9`` and started again within 5 s."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_broker_that_crashes_and_comes_back_loses_and_repeats_nothing(bootstrap: str, tmp_path: Path) -> None:
    """Workers wait for it: alerts, scores, risk and state are those of a replay."""
    row = row_of("broker killed", bootstrap, tmp_path)

    assert_clean(row)
