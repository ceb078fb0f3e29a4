"""How high scores of genuine payments reach, in all and per segment: a file beside the weights, made by a training.

Source: Vovk, Gammerman & Shafer (2005), conformal prediction, Mondrian where it is done per segment.
"""

from pathlib import Path

import msgspec
import numpy as np

from models.artifact import Section, read_manifest
from models.detector import Vector
from models.thresholds.segments import Segments
from stream.errors import ModelError

FILE = "thresholds.json"


class Reach(Section, frozen=True, kw_only=True):
    """One detector: scores that a share ``rates[j]`` of genuine payments reaches, and how many alerts that makes a day.

    overall           (r,) score at each rate
    segments          (s, r) likewise within each segment
    alerts_a_day      (r,) of genuine and fraud together, in the calibration window, by ``overall``
    segmented_a_day   (r,) by ``segments``
    budget            the rate that the artefact's own threshold stands for
    """

    overall: list[float]
    segments: list[list[float]]
    alerts_a_day: list[float]
    segmented_a_day: list[float]
    budget: float


class Table(Section, frozen=True, kw_only=True):
    """All of it.

    rates         (r,) rising
    large_amount  currency units, that one payment in a thousand reaches
    silhouette    number of segments tried → mean silhouette; the greatest was taken
    """

    rates: list[float]
    center: list[float]
    scale: list[float]
    centroids: list[list[float]]
    silhouette: dict[str, float]
    large_amount: float
    detectors: dict[str, Reach]

    def drawn(self) -> Segments:
        """The segments."""
        centroids = np.array(self.centroids).reshape(len(self.centroids), len(self.center))
        return Segments(center=np.array(self.center), scale=np.array(self.scale), centroids=centroids)

    def reach(self, detector: str) -> Reach:
        """What is known of a detector. Raises ModelError where nothing is."""
        if detector not in self.detectors:
            known = ", ".join(self.detectors)
            raise ModelError(f"{FILE}: expected {detector} among {known}: its threshold can't be moved")
        return self.detectors[detector]

    def rate_of(self, detector: str, alerts_a_day: float, *, per_segment: bool) -> float:
        """Share of genuine payments to alert on, so that so many alerts come a day; within what was measured."""
        reach = self.reach(detector)
        told = np.array(reach.segmented_a_day if per_segment else reach.alerts_a_day)
        return float(np.exp(np.interp(alerts_a_day, np.maximum.accumulate(told), np.log(self.rates))))

    def limits_at(self, detector: str, rate: float, *, per_segment: bool) -> Vector:
        """Threshold of each segment ``(s,)`` at which that share of genuine payments is alerted on."""
        reach = self.reach(detector)
        rows = np.array(reach.segments if per_segment else [reach.overall] * len(reach.segments))
        return np.array([np.interp(np.log(rate), np.log(self.rates), row) for row in rows])


def read_table(path: Path | None) -> Table:
    """Read it from an artefact; None: the reference artefact.

    Raises ModelError where the artefact has none, or one that was changed.
    """
    folder, manifest = read_manifest(path)
    if FILE not in manifest.files:
        raise ModelError(f"{FILE}: expected in the artefact, was none: `weir train` writes it")
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Table)
    except msgspec.ValidationError as error:
        raise ModelError(f"{FILE}: {error}") from None
