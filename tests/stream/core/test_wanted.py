import pytest

from stream.core.wanted import Wanted
from tests.stream.some_alert import NOON, an_alert


@pytest.mark.parametrize(
    ("wanted", "takes"),
    [
        (Wanted(), True),
        (Wanted(kinds=("market", "fraud")), True),
        (Wanted(kinds=("market",)), False),
        (Wanted(severity="high"), True),
        (Wanted(severity="critical"), False),
        (Wanted(entities=("c42",)), True),
        (Wanted(entities=("customer:c4*", "m7")), True),
        (Wanted(entities=("terminal:*",)), False),
        (Wanted(detectors=("robust",)), True),
        (Wanted(detectors=("autoencoder",)), False),
        (Wanted(least_score=8.0), True),
        (Wanted(least_score=8.1), False),
        (Wanted(text="BY CUSTOMER"), True),
        (Wanted(text="by terminal"), False),
        (Wanted(since=NOON, until=NOON + 1), True),
        (Wanted(since=NOON + 1), False),
        (Wanted(until=NOON), False),
    ],
)
def test_an_alert_is_wanted_where_all_conditions_hold(wanted: Wanted, takes: bool) -> None:
    """The alert: fraud, high, about customer c42, score 8 by robust, emitted at noon."""
    assert wanted.takes(an_alert()) is takes
