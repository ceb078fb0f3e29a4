"""A changelog is deleted while no worker runs."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_lost_changelog_is_refused_by_name_and_rebuilt_from_the_stream(bootstrap: str, tmp_path: Path) -> None:
    """The next worker names the command; after it state is exact, and no alert is told twice."""
    row = row_of("changelog lost at rest", bootstrap, tmp_path)

    assert_clean(row)
    assert str(row.facts["worker-2"]).split()[0] == "1"
