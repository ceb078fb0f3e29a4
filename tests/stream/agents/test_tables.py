"""What a table makes of its changelog: rows held and loaded, gaps and unknown layouts refused by name."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from faust.types import TP

from stream.agents.app import build_app
from stream.agents.fetch import Fetched
from stream.agents.spec import changelog_topic
from stream.agents.tables import LaneStore
from stream.core.customers import CustomerTable
from stream.core.names import HOUR_MS
from stream.errors import StreamError
from stream.settings import Kafka, Settings
from stream.walk import stages_of
from stream.wire.records import Slice
from tests.stream.core.random_payments import START, Paid, pay

SETTINGS = Settings(kafka=Kafka(bootstrap="127.0.0.1:1"))  # never connected to
CHANGELOG = changelog_topic(SETTINGS, "customers")


def store() -> LaneStore:
    """The customers' store of a worker that has not started."""
    app = build_app(SETTINGS, stages_of(SETTINGS, []))
    app.rebalancing = True
    found = app.tables["customers"].data
    assert isinstance(found, LaneStore)
    return found


def rows(count: int) -> tuple[list[bytes], list[bytes]]:
    """Rows as a worker writes them."""
    table = CustomerTable(max_history=64, max_late_ms=HOUR_MS)
    pay(table, [Paid(START + i, f"c{i}", "m", 100, f"p{i}") for i in range(count)])
    keys, values = table.take_dirty()
    return keys, [value or b"" for value in values]


def read(first: int, keys: list[bytes], values: list[bytes]) -> Any:
    """One slice of the changelog's partition 1, as Faust's recovery hands it on."""
    records = Slice(
        topic=CHANGELOG,
        partition=1,
        offset=np.arange(first, first + len(keys)),
        produced=np.full(len(keys), START),
        values=list(values),
        next_offset=first + len(keys),
    )
    return SimpleNamespace(value=Fetched(first, 0, list(keys), records), message=SimpleNamespace(tp=TP(CHANGELOG, 1)))


def apply(to: LaneStore, *events: Any) -> None:
    """As Faust's recovery does."""
    to.apply_changelog_batch(events, None, None)


def test_a_slice_read_twice_counts_once_and_one_that_overlaps_is_taken() -> None:
    """A standby that is sought back a little reads some rows again."""
    to, (keys, values) = store(), rows(6)
    apply(to, read(0, keys[:3], values[:3]), read(0, keys[:3], values[:3]), read(2, keys[2:], values[2:]))

    assert len(to.lane(1).stage.state) == 6
    assert to.persisted_offset(TP(CHANGELOG, 1)) == 5
    assert to.read == 3 + 4
    assert to.failure is None


def test_a_gap_in_a_changelog_ends_the_worker() -> None:
    """Rows that were lost on the way would leave old windows in the place of new ones, and nobody would know."""
    to, (keys, values) = store(), rows(6)
    apply(to, read(0, keys[:3], values[:3]), read(4, keys[4:], values[4:]))

    assert isinstance(to.failure, StreamError)
    assert str(to.failure) == "changelog of customers-1: expected offset 3, the next one read is 4: rows are missing"


def test_state_of_a_newer_release_is_refused_by_name() -> None:
    """A worker that was set back meets a row whose layout it does not know: which, and what to do."""
    to, (keys, values) = store(), rows(2)
    apply(to, read(0, keys, [values[0], b"\x02" + values[1][1:]]))

    with pytest.raises(StreamError, match=r"customers-1 can't be read: customers row: expected layout 1, was 2.*newer"):
        to.lane(1)
