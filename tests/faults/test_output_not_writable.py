"""An output topic lacks replicas and refuses all writes for a while."""

from pathlib import Path

import pytest

from tests.faults.matrix import assert_clean, in_long_form, row_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600), in_long_form]


def test_what_an_output_refused_for_a_while_is_written_once(bootstrap: str, tmp_path: Path) -> None:
    """Kafka asks to try again, and it is tried: nothing is lost and nothing stands twice."""
    row = row_of("output not writable", bootstrap, tmp_path)

    assert_clean(row)
