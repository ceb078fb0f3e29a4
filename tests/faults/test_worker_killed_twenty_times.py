"""A worker is ended by ``kill -9`` twenty times in a row."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_twenty_deaths_in_a_row_change_nothing(bootstrap: str, tmp_path: Path) -> None:
    """At work or as it starts, as chance has it: alerts, scores, risk and state are those of a replay."""
    row = row_of("worker killed twenty times", bootstrap, tmp_path)

    assert_clean(row)
