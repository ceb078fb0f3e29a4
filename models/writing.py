"""Writing an artefact: weights, the Keras model, figures, plots and card, sealed by the manifest last."""

from pathlib import Path

import msgspec
import numpy as np

from models.artifact import MANIFEST, TREES, WEIGHTS, Manifest, write_manifest
from models.card import model_card
from models.network import freeze
from models.plots.draw import FILES, draw
from models.plots.pictured import Pictured
from models.reference import FILE as REFERENCE
from models.reference import write_reference
from models.thresholds.table import FILE as THRESHOLDS
from models.training import Trained
from models.trees import ARRAYS
from stream.errors import ModelError

METRICS = "metrics.json"
CARD = "card.md"
KERAS = "autoencoder.keras"


def write_artifact(trained: Trained, folder: Path) -> Manifest:
    """Write all files of a training into ``folder``, which is made; files of an earlier one are replaced.

    Raises ModelError where the folder holds anything that is not of an artefact.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ours = {
        WEIGHTS,
        TREES,
        REFERENCE,
        METRICS,
        THRESHOLDS,
        CARD,
        KERAS,
        MANIFEST,
        *FILES,
    }
    strange = sorted(path.name for path in folder.iterdir() if path.name not in ours)
    if strange:
        raise ModelError(f"{folder.name}: expected an empty folder or an artefact, was one with {strange[0]}")
    fitted = trained.fitted
    judged, surprise = fitted.judging(trained.network.judged)
    np.savez_compressed(
        folder / WEIGHTS,
        features=np.array(trained.network.features),
        root=fitted.scaling.root,
        center=fitted.scaling.center,
        inverse=fitted.scaling.inverse,
        weights=freeze(fitted.model, judged),
        surprise_size=surprise.size,
        surprise_nats=surprise.nats,
    )
    (folder / TREES).unlink(missing_ok=True)
    if trained.taught is not None:
        trees = {name: getattr(trained.taught.trees, name) for name in ARRAYS}
        np.savez_compressed(folder / TREES, features=np.array(trained.taught.stacking.features), **trees)
    fitted.model.save(folder / KERAS, include_optimizer=False)
    (folder / THRESHOLDS).write_bytes(msgspec.json.format(msgspec.json.encode(trained.thresholds), indent=1) + b"\n")
    write_reference(trained.reference, folder)
    (folder / METRICS).write_bytes(trained.report.to_json())
    report = trained.report
    drawn = tuple(one for one in report.subjects if one.name in trained.thresholds.detectors)
    importance = {} if report.insight is None else report.insight.importance
    draw(Pictured(subjects=drawn, fraud=report.fraud, amount=report.amount, importance=importance), folder)
    (folder / CARD).write_text(
        model_card(trained.network, trained.baseline, trained.provenance, trained.report), encoding="utf-8"
    )
    return write_manifest(
        folder,
        network=trained.network,
        baseline=trained.baseline,
        provenance=trained.provenance,
        metrics=trained.report.headline(),
        ensemble=None if trained.taught is None else trained.taught.stacking,
    )
