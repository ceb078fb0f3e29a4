"""Less passes between worker and broker than is offered."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_a_network_too_narrow_for_the_load_changes_no_figure(bootstrap: str, tmp_path: Path) -> None:
    """Lag grows and is worked off: alerts, scores, risk and state are those of a replay."""
    row = row_of("network throttled", bootstrap, tmp_path)

    assert_clean(row)
