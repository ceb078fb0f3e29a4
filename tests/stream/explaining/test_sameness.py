"""A replay of an alert from the events of its customer and terminal alone gives every bit again, or names the field."""

import dataclasses
import math

import msgspec

from stream.explaining.sameness import differences
from tests.stream.explaining.explained import a_case


def test_the_replay_of_an_alert_is_the_same_in_every_bit() -> None:
    """Judged from some dozens of events instead of all of the world's: score, reasons and sentence are as told."""
    explained = a_case().explained

    assert differences(explained) == []
    assert explained.score.hex() == explained.alert.score.hex()


def test_a_single_bit_of_the_score_is_found() -> None:
    """An alert whose score is off by the last bit is not the same, and the field is named."""
    explained = a_case().explained
    off = msgspec.structs.replace(explained.alert, score=math.nextafter(explained.alert.score, math.inf))

    found = differences(dataclasses.replace(explained, alert=off))

    assert [text.partition(":")[0] for text in found] == ["score"]


def test_an_alert_that_names_another_record_is_found() -> None:
    """The id is a function of the source: one offset further, and it is no longer that of the alert."""
    explained = a_case().explained
    source = msgspec.structs.replace(explained.alert.source, offset=explained.alert.source.offset + 1)

    found = differences(dataclasses.replace(explained, alert=msgspec.structs.replace(explained.alert, source=source)))

    assert [text.partition(":")[0] for text in found] == ["id"]
