"""Which models judge: what the workers said on ``changes``, and the figures of the artefact where it lies here."""

from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from kafka import TopicPartition

from models.artifact import MANIFEST, REFERENCE
from stream.audit.reading import last_value
from stream.consume import consumer_of
from stream.settings import Settings
from stream.wire.audit import Change
from stream.wire.topics import CHANGES

_METRICS = "metrics.json"


class Models(msgspec.Struct, frozen=True, kw_only=True):
    """What decides alerts at present.

    in_force  as a worker told it before it judged anything; None: none has started yet
    artefact  identity of the artefact on this machine; "" for none
    metrics   detector → figure → value, on the test window of its training; empty where it has none
    """

    in_force: Change | None
    artefact: str
    metrics: dict[str, dict[str, Any]]


def models(settings: Settings) -> Models:
    """Read both. Raises MachineError where no Kafka answers."""
    with closing(consumer_of(settings, [CHANGES.name], from_beginning=False)) as consumer:
        last = last_value(consumer, TopicPartition(settings.kafka.prefix + CHANGES.name, 0))
    folder = Path(settings.worker.model) if settings.worker.model else REFERENCE
    detectors = _read(folder / _METRICS).get("detectors", {})
    return Models(
        in_force=None if last is None else msgspec.json.decode(last, type=Change),
        artefact=str(_read(folder / MANIFEST).get("identity", "")),
        metrics={name: figures for name, figures in detectors.items() if isinstance(figures, dict)},
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return {}
    return found if isinstance(found, dict) else {}
