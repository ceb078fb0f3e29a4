"""What payments looked like when a model learnt: shares of every feature between its quantiles, and of every score.

Drift is a distance from this. It is a file of the artefact beside the weights, and decides no score.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from models.artifact import REFERENCE as SHIPPED
from models.artifact import Section
from models.dataset import Ints
from models.detector import Detector, Matrix, Vector
from stream.core.names import FEATURES
from stream.errors import ModelError

FILE = "reference.json"
SCORE = "score_"  # before a detector's name, its scores are a column like any other
CALENDAR = ("hour_sin", "hour_cos", "weekday_sin", "weekday_cos")  # say when a payment was, not what it was like
AGEING = ("terminal_fraud_days",)  # no window forgets: it grows with the age of the stream, drift or none
_LEVELS = np.linspace(0.0, 1.0, 101)[1:-1]


class Column(Section, frozen=True, kw_only=True):
    """How one column was distributed.

    edges  (e,) rising: its percentiles, equal ones once
    share  (e + 2,) of payments up to the first edge, above each up to the next, above the last, and without a value
    """

    edges: list[float]
    share: list[float]


class Reference(Section, frozen=True, kw_only=True):
    """All columns, by name, of so many payments."""

    rows: int
    columns: dict[str, Column]


def watched(detectors: Sequence[str]) -> tuple[str, ...]:
    """Name the columns that drift is looked for in: features but those of the calendar and of age, and scores."""
    return (*(name for name in FEATURES if name not in (*CALENDAR, *AGEING)), *(SCORE + name for name in detectors))


def fit_reference(columns: dict[str, Vector]) -> Reference:
    """Describe columns ``(n,)`` each, nan where there is no value."""
    rows = len(next(iter(columns.values())))
    return Reference(rows=rows, columns={name: _column(values) for name, values in columns.items()})


def reference_of(x: Matrix, detectors: Sequence[Detector]) -> Reference:
    """Describe feature rows ``x (n, FEATURES)`` and what detectors make of them."""
    found = {name: x[:, FEATURES.index(name)] for name in watched(())}
    for detector in detectors:
        places = [FEATURES.index(name) for name in detector.features]
        found[SCORE + detector.name] = detector.score(np.ascontiguousarray(x[:, places]))
    return fit_reference(found)


def bins_of(column: Column, values: Vector) -> Ints:
    """Find which share of ``column`` each value falls into, ``(n,) → (n,)``, 0 … e + 1."""
    found = np.searchsorted(column.edges, values, side="left")
    found[np.isnan(values)] = len(column.edges) + 1
    return found.astype(np.int64)


def write_reference(reference: Reference, folder: Path) -> None:
    """Write the file, before the manifest seals the folder."""
    text = msgspec.json.format(msgspec.json.encode(reference, order="deterministic"), indent=0)
    (folder / FILE).write_bytes(text + b"\n")


def read_reference(folder: Path | None) -> Reference | None:
    """Read it; None where the artefact has none: it is of a release that wrote none.

    folder  None: the reference artefact
    Raises ModelError for a file that is no such thing.
    """
    path = (folder or SHIPPED) / FILE
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Reference)
    except msgspec.MsgspecError as error:
        raise ModelError(f"{FILE}: {error}") from None


def _column(values: Vector) -> Column:
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, _LEVELS, method="inverted_cdf")) if known.size else np.empty(0)
    draft = Column(edges=edges.tolist(), share=[])
    counts = np.bincount(bins_of(draft, values), minlength=len(edges) + 2)
    return Column(edges=draft.edges, share=(counts / max(len(values), 1)).tolist())
