"""The network between worker and broker is cut for 60 s, longer than the worker's session lasts."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_a_worker_that_was_cut_off_comes_back_to_the_group(bootstrap: str, tmp_path: Path) -> None:
    """Its session is over, its requests are given up: alerts, scores, risk and state are those of a replay."""
    row = row_of("network cut 60 s", bootstrap, tmp_path)

    assert_clean(row)
