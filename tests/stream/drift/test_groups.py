"""Rates of groups of customers and the gaps between them, held to pandas."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stream.drift.groups import gap, read_groups
from stream.drift.monitor import Monitor
from stream.errors import SettingsError
from stream.settings import Monitor as Limits
from stream.wire.events import Label
from tests.stream.drift.records import START, a_record

RATES = ("alert_rate", "false_alarm_rate", "recall")


def test_rates_and_gaps_are_those_of_pandas_after_verdicts_were_taken_back() -> None:
    """Two groups, one alerted on twice as often; a tenth of the verdicts is turned round later."""
    chance = np.random.default_rng(7)
    n = 4_000
    table = pd.DataFrame({"customer": chance.integers(0, 100, n), "fraud": chance.random(n) < 0.1})
    table["group"] = np.where(table.customer < 40, "a", "b")
    table["told"] = chance.random(n) < np.where(table.group == "a", 0.2, 0.1) + 0.4 * table.fraud
    turned = chance.random(n) < 0.1
    monitor = Monitor(Limits(), (), lambda _: None, groups={f"c{i}": "a" if i < 40 else "b" for i in range(100)})

    list(monitor.scores(0, a_record([START] * n, {"one": np.where(table.told, 2.0, 0.0).tolist()})))
    for wrong in (True, False):
        for i in np.flatnonzero(turned) if wrong else range(n):
            fraud = bool(table.fraud[i]) != wrong
            monitor.label(
                Label(transaction=f"t{i}", at=START + 1, customer=f"c{table.customer[i]}", terminal="m", fraud=fraud)
            )

    found = monitor.figures().groups
    for one in found:
        those = table[table.group == one.group]
        assert one.payments == len(those)
        assert one.alert_rate == pytest.approx(those.told.mean())
        assert one.false_alarm_rate == pytest.approx(those.told[~those.fraud].mean())
        assert one.recall == pytest.approx(those.told[those.fraud].mean())
    assert [one.group for one in found] == ["a", "b"]
    for rate in RATES:
        first, second = (getattr(one, rate) for one in found)
        assert gap(found, rate) == abs(first - second)


def test_a_group_that_is_too_small_has_no_rate() -> None:
    """Ten payments say nothing of a group; no gap is made of them."""
    monitor = Monitor(Limits(), (), lambda _: None, groups={"c1": "a"})
    list(monitor.scores(0, a_record([START] * 10, {"one": [2.0] * 10})))
    for i in range(10):
        monitor.label(Label(transaction=f"t{i}", at=START, customer="c1", terminal="m", fraud=False))

    found = monitor.figures().groups

    assert (found[0].payments, found[0].alert_rate, gap(found, "alert_rate")) == (10, None, None)


def test_a_file_of_groups_is_read_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    """Two columns by name, in any order; anything else is a setting that can't be used."""
    path = tmp_path / "groups.csv"
    path.write_text("group,customer\nyoung,c1\nold,c2\n")

    assert read_groups(str(path)) == {"c1": "young", "c2": "old"}
    assert read_groups("") == {}
    path.write_text("customer,age\nc1,30\n")
    with pytest.raises(SettingsError, match=r"monitor\.groups"):
        read_groups(str(path))
