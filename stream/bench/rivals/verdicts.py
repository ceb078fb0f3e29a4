"""What Weir's own scorer says of the payments that a rival is given: on which of them it has to alert."""

import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models.detector import Detector
from models.plugins import load_detectors
from stream.bench.material import Material
from stream.bench.rivals.customer_job import THRESHOLD
from stream.core.customer_stage import CustomerStage
from stream.core.names import CUSTOMER_FEATURES, FEATURES
from stream.errors import WeirError
from stream.settings import Settings
from stream.wire.codec import decode_payments
from stream.wire.columns import Payments
from stream.wire.records import Slice

_NEAR = 1e-6  # of the threshold: so close to it, the last bit of a feature decides
_SLICE = 4096


class Verdicts(NamedTuple):
    """Ids of payments.

    due      beyond doubt above the threshold
    allowed  those, and the ones too near to it to call
    """

    due: frozenset[str]
    allowed: frozenset[str]

    def require(self, told: Collection[str], who: str) -> None:
        """Raise WeirError where alerts are missing, or told of other payments."""
        missing, wrong = len(self.due.difference(told)), len(set(told) - self.allowed)
        if missing or wrong:
            raise WeirError(
                f"{who} does another job: of {len(self.due):,} alerts {missing:,} are missing, {wrong:,} wrong"
            )


def verdicts(material: Material, settings: Settings) -> Verdicts:
    """Judge every payment by the autoencoder from its customer's features, its terminal being as usual.

    material  payments alone
    """
    model = Path(settings.worker.model) if settings.worker.model else None
    detector = load_detectors(("autoencoder",), model)[0]
    found = [part for lane in range(len(material.lanes)) for part in _judged(material, lane, detector, settings)]
    ids = np.array([one for part, _ in found for one in part])
    scores = np.concatenate([score for _, score in found])
    due, allowed = (ids[scores >= THRESHOLD * (1 + near)].tolist() for near in (_NEAR, -_NEAR))
    return Verdicts(frozenset(due), frozenset(allowed))


def _judged(
    material: Material, lane: int, detector: Detector, settings: Settings
) -> Iterator[tuple[list[str], "np.ndarray[tuple[int], np.dtype[np.float64]]"]]:
    """Ids and scores of a partition's payments, slice by slice."""
    customers = CustomerStage(lane, settings).state
    places = [FEATURES.index(name) for name in detector.features]
    for records in _slices(material, lane):
        batch = decode_payments(records, settings).columns
        assert isinstance(batch, Payments)
        x = np.full((len(records), len(FEATURES)), np.nan)
        x[:, places] = detector.usual
        x[:, : len(CUSTOMER_FEATURES)] = customers.apply(batch).features
        yield batch.id, detector.score(x[:, places])


def _slices(material: Material, lane: int) -> Iterator[Slice]:
    topic, partition = material.lanes[lane]
    places = material.in_lane(lane)
    now = round(time.time() * 1000)
    for start in range(0, len(places), _SLICE):
        cut = places[start : start + _SLICE]
        yield Slice(
            topic=topic,
            partition=partition,
            offset=np.arange(start, start + len(cut)),
            produced=np.full(len(cut), now),
            values=[material.values[place] for place in cut],
            next_offset=start + len(cut),
        )
