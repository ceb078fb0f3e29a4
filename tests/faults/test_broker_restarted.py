"""The only broker is restarted in order."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_an_orderly_restart_of_the_broker_changes_nothing(bootstrap: str, tmp_path: Path) -> None:
    """Workers wait for it: alerts, scores, risk and state are those of a replay."""
    row = row_of("broker restarted", bootstrap, tmp_path)

    assert_clean(row)
