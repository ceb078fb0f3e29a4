import msgspec
import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from stream.agents.topics import create_topics
from stream.errors import MachineError
from stream.wire.topics import TOPICS
from tests.stream.agents.counting import settings_for

pytestmark = pytest.mark.kafka


def test_topics_are_created_once_with_a_compacted_changelog_per_stage(bootstrap: str, prefix: str) -> None:
    """The first call makes all of them, the second none."""
    settings = settings_for(bootstrap, prefix)

    made = create_topics(bootstrap, settings, ["count"])
    again = create_topics(bootstrap, settings, ["count"])

    changelog = f"{prefix}{prefix}group-count-changelog"
    assert set(made) == {changelog, *(prefix + topic.name for topic in TOPICS)}
    assert again == []
    assert config_of(bootstrap, changelog)["cleanup.policy"] == "compact"


def test_a_topic_with_other_partitions_is_refused_by_name(bootstrap: str, prefix: str) -> None:
    """Keys would land elsewhere: eight partitions asked for where four are."""
    settings = settings_for(bootstrap, prefix)
    create_topics(bootstrap, settings, [])
    more = msgspec.structs.replace(settings, kafka=msgspec.structs.replace(settings.kafka, partitions=8))

    with pytest.raises(MachineError, match=rf"Topic {prefix}\S+ has 4 partitions, expected 8"):
        create_topics(bootstrap, more, [])


def config_of(bootstrap: str, topic: str) -> dict[str, str]:
    """Read the settings of a topic from the broker."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    admin.close()
    (configs,) = found["topic"].values() if isinstance(found, dict) else found
    return {name: value["value"] for name, value in configs.items()}
