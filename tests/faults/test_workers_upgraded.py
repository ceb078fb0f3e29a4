"""Workers of an earlier release are replaced by present ones under load, state and all."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(900), in_long_form]


def test_a_rolling_upgrade_loses_nothing_and_tells_nothing_twice(bootstrap: str, tmp_path: Path) -> None:
    """What the new release makes of the old one's state is what it would have made from the beginning."""
    row = row_of("upgraded in turn", bootstrap, tmp_path)

    assert_clean(row)
