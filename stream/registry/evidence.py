"""What two models make of the same payments, by replay: the material of a comparison."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from models.artifact import Manifest
from models.dataset import FeatureSet, Ints
from models.detector import Detector
from models.registry.duel import Payments, Side
from stream.core.scoring import Scorer
from stream.errors import ModelError, SettingsError

_BATCH = 16_384


def since_when(last: int, challenger: Manifest, champion: Manifest) -> int:
    """From when on payments are such as neither model has learnt from or was adjusted on, epoch ms.

    That is the beginning of their test windows. A model whose windows end after ``last``, the time of the newest of the
    payments, was taught by others.
    """
    starts = [one.provenance.windows["test"][0] for one in (challenger, champion)]
    return max((start for start in starts if start <= last), default=0)


def replayed(
    data: FeatureSet,
    rows: Ints,
    champion: Sequence[Detector],
    challenger: Sequence[Detector],
    *,
    detector: str,
    groups: Mapping[str, str],
) -> tuple[Payments, Side, Side]:
    """Score some rows of a history by both models.

    rows      of ``data``, whose verdicts are all in
    detector  the one whose scores are compared; alerts are those of all
    groups    customer → group; empty: not asked
    Raises ModelError where a model has no such detector.
    """
    names = [data.customer[i] for i in rows.tolist()]
    payments = Payments(
        at=data.at[rows],
        id=[data.id[i] for i in rows.tolist()],
        customer=np.unique(np.asarray(names), return_inverse=True)[1].reshape(-1).astype(np.int64),
        fraud=data.fraud[rows],
        judged=np.ones(len(rows), bool),
        group=[groups.get(name, "") for name in names] if groups else (),
    )
    return payments, _side(data, rows, champion, detector), _side(data, rows, challenger, detector)


def _side(data: FeatureSet, rows: Ints, detectors: Sequence[Detector], name: str) -> Side:
    judged = find(detectors, name)
    scorer = Scorer(detectors)
    score, alert = np.empty(len(rows)), np.zeros(len(rows), bool)
    for start in range(0, len(rows), _BATCH):
        piece = rows[start : start + _BATCH]
        scored = scorer.score(data.x[piece])
        score[start : start + len(piece)] = scored.scores[name]
        alert[start + scored.suspicious] = True
    if not np.isfinite(score).all():
        raise ModelError(f"detector {name} {judged.version}: expected a score of every payment, failed on some")
    return Side(model=judged.version, score=score, probability=judged.probability(score), alert=alert)


def find(detectors: Sequence[Detector], name: str) -> Detector:
    """The detector of that name. Raises ModelError where there is none."""
    for one in detectors:
        if one.name == name:
            return one
    raise ModelError(f"detector {name}: expected one of alerts.detectors ({', '.join(d.name for d in detectors)})")


def read_groups(path: Path) -> dict[str, str]:
    """Read a CSV file with the columns ``customer`` and ``group``.

    Raises SettingsError where it has no such columns. Groups are never a feature: they are read here alone.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if not {"customer", "group"} <= set(rows.fieldnames or ()):
                raise SettingsError("--groups", "a CSV file with the columns customer and group", rows.fieldnames)
            return {row["customer"]: row["group"] for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError("--groups", f"a CSV file to read ({type(error).__name__})", str(path)) from None
