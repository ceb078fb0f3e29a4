"""A shadow's names: the champion's inputs, and nothing else of it."""

import pytest

from stream.agents.spec import changelog_topic
from stream.registry.beside import shadowing
from stream.settings import Kafka, Settings
from stream.wire.topics import TOPICS

_INPUTS = ("transactions", "labels", "ticks")


@pytest.mark.parametrize("prefix", ["", "bank-"])
def test_a_shadow_reads_the_champions_inputs_and_shares_no_other_name(prefix: str) -> None:
    """Whatever the prefix: topics it writes, its group and its changelogs are others; names lead both ways."""
    champion = Settings(kafka=Kafka(prefix=prefix, group="weir"))
    shadow = shadowing(champion, "0a1b2c")
    theirs = {topic.name: champion.kafka.named(topic.name) for topic in TOPICS}
    own = {topic.name: shadow.kafka.named(topic.name) for topic in TOPICS}

    assert {name for name in theirs if theirs[name] == own[name]} == set(_INPUTS)
    assert own["scores"] == f"{prefix}shadow-0a1b2c-scores"
    assert own["transactions"] == f"{prefix}transactions"
    assert shadow.kafka.group != champion.kafka.group
    assert changelog_topic(shadow, "terminals") != changelog_topic(champion, "terminals")
    for settings, names in ((champion, theirs), (shadow, own)):
        assert {settings.kafka.plain(name) for name in names.values()} == set(theirs)
