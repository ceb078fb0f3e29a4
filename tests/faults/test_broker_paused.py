"""The only broker stands still for 30 s (SIGSTOP), then goes on."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_a_broker_that_stands_still_is_not_taken_for_silence(bootstrap: str, tmp_path: Path) -> None:
    """What no answer came to is sent again and known: alerts, scores, risk and state are those of a replay."""
    row = row_of("broker paused 30 s", bootstrap, tmp_path)

    assert_clean(row)
