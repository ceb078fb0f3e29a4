"""The disk of the worker's folders is full, to the last byte and file."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_a_worker_needs_no_disk(bootstrap: str, tmp_path: Path) -> None:
    """It goes on; killed, it starts on the full disk: alerts, scores, risk and state are those of a replay."""
    row = row_of("disk full at the worker", bootstrap, tmp_path)

    assert_clean(row)
