"""The order to change the model, as it stands on the internal topic: what comes after it is scored by another.

That topic decides the order of everything, so where the order stands between two blocks is where every partition
changes over, and does so again after any crash: no payment is ever scored by two models.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.detector import Detector
from stream.errors import ModelError

OWN = ""  # the model of the settings (``worker.model``), which serves until another is named
_HEAD = b"weir-swap/1 "  # no block begins so: they are msgpack arrays
_LONGEST = 64


def pack_swap(model: str) -> bytes:
    """Write the order to serve ``model``, an artefact's identity or ``OWN``, from here on."""
    return _HEAD + model.encode()


def swap_in(value: bytes) -> str | None:
    """Read which model is to serve from here on; None where the value is no such order.

    Raises ModelError for one that names no identity.
    """
    if not value.startswith(_HEAD):
        return None
    name = value[len(_HEAD) :]
    if len(name) > _LONGEST or not all(48 <= byte <= 57 or 97 <= byte <= 122 for byte in name):
        raise ModelError(f"order to swap: expected the identity of a model, was {len(name)} bytes")
    return name.decode()


def _none(model: str) -> Sequence[Detector]:
    raise ModelError(f"model {model}: expected to be had from the topic of models, which a replay does not read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """Where a stage has its detectors from.

    own        those of the settings
    first      identity of the model that a partition without any state begins with; ``OWN``: those
    detectors  identity → its detectors, ready to serve; None where it can't be loaded, so that the former goes on.
               Raises ModelError where it is not to be had
    """

    own: Sequence[Detector]
    first: str = OWN
    detectors: Callable[[str], Sequence[Detector] | None] = _none

    def of(self, model: str) -> Sequence[Detector] | None:
        """Detectors of a model."""
        return self.own if model == OWN else self.detectors(model)
