"""What a log says, in both forms, and what it never says."""

import json
import logging
from collections.abc import Iterator

import pytest

from stream.logs import configure, tell_alerts, trace_of
from stream.settings import Log
from stream.wire.codec import encode
from stream.wire.events import SourceRef
from stream.wire.records import Outgoing
from tests.stream.some_alert import an_alert

CARD = "4111 1111 1111 1111"  # the networks' own test number
SHAPES = (CARD, CARD.replace(" ", ""), CARD.replace(" ", "-"), f"x{CARD.replace(' ', '')}y")
LOG = logging.getLogger("weir.test")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Undo what the tests do to the root logger."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


Written = pytest.CaptureFixture[str]


def fail(text: str) -> None:
    """Raise an error with a text that ends up in a log."""
    raise ValueError(text)


def test_a_line_of_json_has_what_the_message_says(capsys: Written) -> None:
    """Numbers are numbers, quoted text is text, and time, level and logger stand beside."""
    configure(Log(format="json", level="INFO"))
    LOG.warning("event=slice_failed topic=%s offset=%d seconds=%.2f why=%r", "ticks", 7, 0.5, "it's gone")
    line = json.loads(capsys.readouterr().err)

    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "WARNING",
        "logger": "weir.test",
        "event": "slice_failed",
        "topic": "ticks",
        "offset": 7,
        "seconds": 0.5,
        "why": "it's gone",
    }


def test_what_is_no_pair_is_kept(capsys: Written) -> None:
    """A library's sentence stands under message, a stack under detail, each line an object of its own."""
    configure(Log(format="json"))
    LOG.warning("Heartbeat failed for group %s", "weir")
    try:
        fail("no")
    except ValueError:
        LOG.exception("event=worker_stalled; its loop is at\n  File x")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())

    assert first["message"] == "Heartbeat failed for group weir"
    assert second["event"] == "worker_stalled"
    assert second["message"] == "its loop is at"
    assert second["detail"].startswith("  File x\nTraceback")


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_card_number_never_reaches_a_line(capsys: Written, form: str, shape: str) -> None:
    """Wherever somebody puts it: in a value, in quotes, in an exception's text, in a stack."""
    configure(Log(format=form, level="DEBUG"))  # type: ignore[arg-type]  # one of the two
    LOG.debug("event=refused customer=%s", shape)
    LOG.warning("event=refused why=%r said %s\nbehind %s", f"no customer {shape}", shape, shape)
    try:
        fail(shape)
    except ValueError:
        LOG.exception("event=failed")

    said = capsys.readouterr().err
    assert said.count("event=") + said.count('"event"') == 3
    assert shape not in said


def test_times_and_offsets_are_no_card_numbers(capsys: Written) -> None:
    """Epoch milliseconds stay, also those that pass the Luhn check by chance."""
    configure(Log(format="json"))
    times = list(range(1_735_689_600_000, 1_735_689_600_020))
    for time in times:
        LOG.warning("event=late time=%d", time)

    assert [json.loads(line)["time"] for line in capsys.readouterr().err.splitlines()] == times


def test_an_alert_is_told_by_the_place_of_its_cause(capsys: Written) -> None:
    """At INFO: the trace is topic, partition and offset, as Kafka told them to the producer; other records are not."""
    configure(Log(format="json", level="INFO"))
    alert = an_alert()
    tell_alerts(LOG, [Outgoing(topic="alerts", value=encode(alert)), Outgoing(topic="scores", value=b"{}")])
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())

    assert line["trace"] == f"{alert.source.topic}-{alert.source.partition}-{alert.source.offset}"
    assert line["alert"] == alert.id
    assert trace_of(SourceRef(topic="ticks", partition=3, offset=9)) == "ticks-3-9"


def test_below_info_alerts_cost_nothing(capsys: Written) -> None:
    """At WARNING, the default, not even their bytes are looked at."""
    configure(Log())
    tell_alerts(LOG, [Outgoing(topic="alerts", value=b"no alert")])

    assert capsys.readouterr().err == ""
