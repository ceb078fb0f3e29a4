"""The artefact of a training: weights and a manifest with the hash of every file, never a pickle.

``manifest.json`` holds what decides a score beside the weights, and what is known about their making. ``identity`` is
the hash of what decides scores: the version that every score names.
"""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration
from models.scaling import Floats32
from stream.core.names import FEATURES
from stream.errors import ModelError

MANIFEST = "manifest.json"
WEIGHTS = "weights.npz"
TREES = "trees.npz"
FORMAT = 2
REFERENCE = Path(__file__).parent / "trained"


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Common form of all parts of a manifest."""


class Operating(Section, frozen=True, kw_only=True):
    """Where a detector alerts and what its scores mean."""

    threshold: float
    calibration_score: list[float]
    calibration_probability: list[float]

    @property
    def calibration(self) -> Calibration:
        """The table from score to probability."""
        return Calibration(score=np.array(self.calibration_score), probability=np.array(self.calibration_probability))


class Network(Section, frozen=True, kw_only=True):
    """The autoencoder beside its weights."""

    features: list[str]
    judged: list[str]  # of them, those whose residuals make the score, in their order
    sizes: list[int]  # units per layer: first the features, last those judged
    activation: str
    clip: float
    least_history: float  # payments behind a customer's median before a distance from it counts
    usual: list[float | None]  # per feature, the median genuine training row
    operating: Operating


class Baseline(Section, frozen=True, kw_only=True):
    """The robust baseline: see ``models.robust``."""

    features: list[str]
    unusual: dict[str, float]  # signal → level that few genuine events reach
    usual_month: float  # payments in 30 days of who has too few to tell
    usual: list[float | None]
    operating: Operating


class Stacking(Section, frozen=True, kw_only=True):
    """The ensemble beside its trees: see ``models.ensemble.Stack``."""

    features: list[str]  # that the trees read
    usual: dict[str, float]
    intercept: float
    slope: float
    weight: float
    ordinary: float
    threshold: float


class Provenance(Section, frozen=True, kw_only=True):
    """How it was made: enough to make it again."""

    source: str
    seed: int
    alert_budget: float  # share of genuine payments, of what learnt from verdicts
    strange_budget: float | None = None  # likewise, of what did not; None: the same
    label_delay_days: float
    windows: dict[str, list[int]]  # train, stop, calibration, test: [from, to) in epoch ms
    rows: dict[str, int]
    versions: dict[str, str]


class Manifest(Section, frozen=True, kw_only=True):
    """All of it. ``files`` maps each file of the folder to its SHA-256."""

    format: int
    identity: str
    network: Network
    baseline: Baseline
    provenance: Provenance
    metrics: dict[str, dict[str, float | None]]  # detector → figure, on the test window
    files: dict[str, str]
    ensemble: Stacking | None = None  # None: made by a release that had none


def sha256(path: Path) -> str:
    """Hash of a file's bytes, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def identity(
    network: Network, baseline: Baseline, weights_hash: str, ensemble: Stacking | None = None, trees_hash: str = ""
) -> str:
    """Short hash of all that decides scores: equal identity, equal scores."""
    parts = (
        (network, baseline, weights_hash)
        if ensemble is None
        else (network, baseline, weights_hash, ensemble, trees_hash)
    )
    decisive = msgspec.json.encode(parts, order="deterministic")
    return hashlib.sha256(decisive).hexdigest()[:12]


def write_manifest(
    folder: Path,
    *,
    network: Network,
    baseline: Baseline,
    provenance: Provenance,
    metrics: dict[str, dict[str, float | None]],
    ensemble: Stacking | None = None,
) -> Manifest:
    """Hash every other file of ``folder`` and seal them with a manifest."""
    files = {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    manifest = Manifest(
        format=FORMAT,
        identity=identity(network, baseline, files[WEIGHTS], ensemble, files.get(TREES, "")),
        network=network,
        baseline=baseline,
        ensemble=ensemble,
        provenance=provenance,
        metrics=metrics,
        files=files,
    )
    text = msgspec.json.format(msgspec.json.encode(manifest, order="deterministic"), indent=1)
    (folder / MANIFEST).write_bytes(text + b"\n")
    return manifest


def read_manifest(folder: Path | None) -> tuple[Path, Manifest]:
    """Read and check an artefact.

    folder  None: the reference artefact that ships with Weir
    -> the folder and its manifest
    Raises ModelError that names the file, the version or the feature that is not as it should be.
    """
    place = folder or REFERENCE
    try:
        raw = (place / MANIFEST).read_bytes()
    except OSError:
        raise ModelError(f"{place.name}/{MANIFEST}: expected an artefact of `weir train`, was no such file") from None
    manifest = _parse(raw)
    for name, expected in manifest.files.items():
        path = place / name
        if Path(name).name != name or not path.is_file():
            raise ModelError(f"{name}: expected beside {MANIFEST}, was missing")
        if sha256(path) != expected:
            raise ModelError(f"{name}: expected SHA-256 {expected[:12]}…, was {sha256(path)[:12]}…")
    if WEIGHTS not in manifest.files:
        raise ModelError(f"{WEIGHTS}: expected a hash in {MANIFEST}, was none")
    trees = manifest.files.get(TREES, "")
    seen = identity(manifest.network, manifest.baseline, manifest.files[WEIGHTS], manifest.ensemble, trees)
    if seen != manifest.identity:
        raise ModelError(f"{MANIFEST}: expected identity {manifest.identity}, was {seen}: it was edited")
    _check_features(manifest.network.features)
    _check_features(manifest.baseline.features)
    strange = [name for name in manifest.network.judged if name not in manifest.network.features]
    if strange or not manifest.network.judged:
        raise ModelError(f"{MANIFEST}: judged: expected some of the network's features, was {strange}")
    return place, manifest


def read_weights(folder: Path, network: Network, names: Sequence[str]) -> dict[str, Floats32]:
    """Load the arrays ``names`` of the network; refuses one made for other features or another order, by name."""
    return _read_arrays(folder, WEIGHTS, network.features, names)


def read_trees(folder: Path, ensemble: Stacking, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Load the arrays ``names`` of the trees; refuses them likewise."""
    unknown = [name for name in ensemble.features if name not in FEATURES]
    if unknown:
        raise ModelError(f"{MANIFEST}: feature {unknown[0]}: expected one of stream.core.names, was missing there")
    if not (folder / TREES).is_file():
        raise ModelError(f"{TREES}: expected beside {MANIFEST}, was missing")
    return _read_arrays(folder, TREES, ensemble.features, names)


def _read_arrays(folder: Path, file: str, features: list[str], names: Sequence[str]) -> dict[str, NDArray[Any]]:
    try:
        with np.load(folder / file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"{file}: expected arrays without pickle, was {type(error).__name__}") from None
    made_for = [str(name) for name in arrays.pop("features", ())]
    for position, (wanted, was) in enumerate(zip(features, made_for, strict=False)):
        if wanted != was:
            raise ModelError(f"{file}: feature {position}: expected {wanted}, was {was}")
    if len(made_for) != len(features):
        raise ModelError(f"{file}: expected {len(features)} features, was {len(made_for)}")
    for name in names:
        if name not in arrays:
            raise ModelError(f"{file}: expected array {name}, was missing")
    return {name: arrays[name] for name in names}


def _parse(raw: bytes) -> Manifest:
    try:
        version = json.loads(raw).get("format")
        if version != FORMAT:
            raise ModelError(f"{MANIFEST}: expected format {FORMAT}, was {version!r}")
        return msgspec.json.decode(raw, type=Manifest)
    except (msgspec.ValidationError, ValueError, AttributeError) as error:
        raise ModelError(f"{MANIFEST}: {error}") from None


def _check_features(features: list[str]) -> None:
    unknown = [name for name in features if name not in FEATURES]
    if unknown:
        raise ModelError(f"{MANIFEST}: feature {unknown[0]}: expected one of stream.core.names, was missing there")
    places = [FEATURES.index(name) for name in features]
    for before, after in pairwise(places):
        if after <= before:
            raise ModelError(f"{MANIFEST}: feature {FEATURES[after]}: expected before {FEATURES[before]}, was after it")
