"""One of two workers is ended by ``kill -9``; the other takes its partitions over."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_the_other_worker_takes_over_where_the_killed_one_stood(bootstrap: str, tmp_path: Path) -> None:
    """Nobody waits for the killed one: alerts, scores, risk and state are those of a replay."""
    row = row_of("worker killed beside another", bootstrap, tmp_path)

    assert_clean(row)
