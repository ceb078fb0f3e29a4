"""Which models judge: what the workers said on ``changes``, and the figures of the artefact where it lies here."""

from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from models.artifact import MANIFEST, REFERENCE
from stream.consume import consumer_of, read_to_end
from stream.settings import Settings
from stream.wire.audit import Change, ModelChange
from stream.wire.topics import CHANGES

_METRICS = "metrics.json"
_STEPS = 20  # of models that are shown
_decode = msgspec.json.Decoder(Change | ModelChange).decode


class Models(msgspec.Struct, frozen=True, kw_only=True):
    """What decides alerts at present.

    in_force  as a worker told it before it judged anything; None: none has started yet
    steps     of models in the registry, the newest first
    artefact  identity of the artefact on this machine; "" for none
    metrics   detector → figure → value, on the test window of its training; empty where it has none
    """

    in_force: Change | None
    steps: list[ModelChange]
    artefact: str
    metrics: dict[str, dict[str, Any]]


def models(settings: Settings) -> Models:
    """Read both. Raises MachineError where no Kafka answers."""
    told: Change | None = None
    steps: list[ModelChange] = []
    with closing(consumer_of(settings, [CHANGES.name], from_beginning=True)) as consumer:
        for _, value in read_to_end(consumer):
            try:
                change = _decode(value)
            except (msgspec.MsgspecError, UnicodeDecodeError):  # of a newer writer
                continue
            if isinstance(change, Change):
                told = change
            else:
                steps.append(change)
    folder = Path(settings.worker.model) if settings.worker.model else REFERENCE
    detectors = _read(folder / _METRICS).get("detectors", {})
    return Models(
        in_force=told,
        steps=steps[: -_STEPS - 1 : -1],
        artefact=str(_read(folder / MANIFEST).get("identity", "")),
        metrics={name: figures for name, figures in detectors.items() if isinstance(figures, dict)},
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return {}
    return found if isinstance(found, dict) else {}
