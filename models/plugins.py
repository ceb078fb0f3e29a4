"""Which detectors are installed: factories under the entry point group ``weir.detectors``, found by name."""

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from models.detector import Detector
from stream.errors import ModelError, SettingsError

GROUP = "weir.detectors"
_ATTRIBUTES = ("name", "version", "features", "threshold", "usual", "score", "explain", "probability")


def installed() -> list[str]:
    """Names of all installed detectors, ascending; none is loaded for it."""
    return sorted(_points())


def load_detectors(names: Sequence[str], path: Path | None) -> list[Detector]:
    """Load detectors by name, in the order asked.

    names  of ``alerts.detectors``, each once
    path   artefact folder handed to every factory; None: the reference artefact
    Raises SettingsError for an unknown or repeated name, with the known ones; ModelError for one that does not load or
    breaks the contract.
    """
    points = _points()
    for position, name in enumerate(names):
        if name not in points:
            known = ", ".join(sorted(points)) or "none installed"
            raise SettingsError("alerts.detectors", f"names of installed detectors ({known})", name)
        if name in names[:position]:
            raise SettingsError("alerts.detectors", "each detector once", name)
    return [_load(points[name], path) for name in names]


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _load(point: EntryPoint, path: Path | None) -> Detector:
    try:
        detector: Detector = point.load()(path)
    except ModelError:
        raise
    except Exception as error:  # a stranger's module may raise anything; it is named
        raise ModelError(f"detector {point.name} ({point.value}): {type(error).__name__}: {error}") from error
    missing = [name for name in _ATTRIBUTES if not hasattr(detector, name)]
    if missing:
        raise ModelError(f"detector {point.name} ({point.value}): expected attribute {missing[0]}, was missing")
    if detector.name != point.name:
        raise ModelError(f"detector {point.name} ({point.value}): expected that name, was {detector.name!r}")
    return detector
