"""The topic of alerts refuses every alert, and no retry helps."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_a_worker_that_may_not_tell_alerts_ends_with_the_reason_and_loses_none(bootstrap: str, tmp_path: Path) -> None:
    """It ends, so do those after it, until the topic is mended: then every alert is told, once."""
    row = row_of("alerts refused", bootstrap, tmp_path)

    assert_clean(row)
    assert str(row.facts["worker-1"]).split()[0] == "1"
