"""What the agents are told of a stage: its name, the topics it reads, and how to make one for a partition."""

from collections.abc import Callable
from dataclasses import dataclass

from stream.core.stage import Stage
from stream.settings import Settings
from stream.wire.topics import ALERTS, DEAD_LETTERS, RISK


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSpec:
    """One kind of stage; the worker makes one stage of it per partition.

    name     of its table and changelog, constant for ever: letters, digits, dashes
    topics   it reads, without prefix, all with the same number of partitions
    factory  makes the stage of a partition, with empty state
    outputs  topics (without prefix) on which it publishes records with an ``id``, always to its own partition number
    """

    name: str
    topics: tuple[str, ...]
    factory: Callable[[int], Stage]
    outputs: tuple[str, ...] = (ALERTS.name, RISK.name, DEAD_LETTERS.name)


def changelog_topic(settings: Settings, name: str) -> str:
    """Name the changelog of the stage ``name``: prefix, group and stage, so that groups don't share state."""
    return f"{settings.kafka.prefix}{settings.kafka.group}-{name}-changelog"
