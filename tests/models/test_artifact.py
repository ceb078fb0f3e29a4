"""An artefact that is not what it was when sealed is refused, and the refusal names what is wrong."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from models import autoencoder, robust
from models.artifact import MANIFEST, REFERENCE, TREES, WEIGHTS, Manifest, identity, read_manifest, sha256
from stream.errors import ModelError

NAMES = read_manifest(None)[1].network.features


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the reference artefact."""
    return Path(shutil.copytree(REFERENCE, tmp_path / "model"))


def edit(folder: Path, **changes: Any) -> None:
    """Change a manifest and seal it again, as one who knows the format might."""
    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    network = msgspec.structs.replace(manifest.network, **changes)
    files = manifest.files | {WEIGHTS: sha256(folder / WEIGHTS)}
    name = identity(network, manifest.baseline, files[WEIGHTS], manifest.ensemble, files[TREES])
    sealed = msgspec.structs.replace(manifest, network=network, files=files, identity=name)
    (folder / MANIFEST).write_bytes(msgspec.json.encode(sealed))


@pytest.mark.parametrize("name", [WEIGHTS, "metrics.json", "card.md", "autoencoder.keras"])
def test_one_changed_byte_in_any_file_is_refused_by_name(folder: Path, name: str) -> None:
    """A bit flips on disk, or somebody improves the figures."""
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)

    with pytest.raises(ModelError, match=f"{name}: expected SHA-256"):
        autoencoder.load(folder)


def test_a_missing_file_is_refused_by_name(folder: Path) -> None:
    """The card belongs to the model."""
    (folder / "card.md").unlink()

    with pytest.raises(ModelError, match=r"card\.md: expected beside manifest\.json"):
        robust.load(folder)


def test_an_edited_threshold_is_refused(folder: Path) -> None:
    """The identity covers what decides alerts, so a score's version can be trusted."""
    text = (folder / MANIFEST).read_text()
    threshold = f'"threshold": {autoencoder.load(folder).threshold!r}'
    assert threshold in text
    (folder / MANIFEST).write_text(text.replace(threshold, '"threshold": 1e9'))

    with pytest.raises(ModelError, match="it was edited"):
        autoencoder.load(folder)


def test_a_feature_that_the_stream_does_not_compute_is_refused_by_name(folder: Path) -> None:
    """A model from a newer Weir, say."""
    edit(folder, features=["shoe_size", *NAMES[1:]])

    with pytest.raises(ModelError, match="shoe_size"):
        autoencoder.load(folder)


def test_another_order_of_features_is_refused_by_name(folder: Path) -> None:
    """Two columns changed places in the manifest: the weights would read the wrong ones."""
    edit(folder, features=[NAMES[1], NAMES[0], *NAMES[2:]])

    with pytest.raises(ModelError, match=f"feature {NAMES[0]}: expected before {NAMES[1]}"):
        autoencoder.load(folder)


def test_weights_made_for_other_features_are_refused_by_name(folder: Path) -> None:
    """The manifest names a subset in good order, the weights know all."""
    edit(folder, features=NAMES[1:], judged=NAMES[1:5])

    with pytest.raises(ModelError, match=f"feature 0: expected {NAMES[1]}, was {NAMES[0]}"):
        autoencoder.load(folder)


def test_judging_what_is_not_read_is_refused(folder: Path) -> None:
    """A name that is no feature of the network, or none at all: nothing would be judged."""
    edit(folder, judged=["terminal_fraud_share_7d"])

    with pytest.raises(ModelError, match="judged: expected some of the network's features"):
        autoencoder.load(folder)


def test_a_format_of_another_time_is_refused_with_its_number(folder: Path) -> None:
    """Formats are numbered; this one knows 2."""
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace('"format": 2', '"format": 99'))

    with pytest.raises(ModelError, match="expected format 2, was 99"):
        autoencoder.load(folder)


def test_a_pickle_in_the_weights_is_not_opened(folder: Path) -> None:
    """Objects in an archive are pickles, which may run anything."""
    np.savez(folder / WEIGHTS, features=np.array([{"not": "names"}], dtype=object))
    edit(folder)

    with pytest.raises(ModelError, match="without pickle"):
        autoencoder.load(folder)


def test_a_folder_that_is_no_artefact_is_refused(tmp_path: Path) -> None:
    """A wrong path in the settings."""
    with pytest.raises(ModelError, match=r"manifest\.json: expected an artefact of `weir train`"):
        autoencoder.load(tmp_path)


def test_the_reference_artefact_is_small_and_complete() -> None:
    """It ships with the source: under 450 kB, every file sealed, all three detectors with their figures."""
    _, manifest = read_manifest(None)

    assert sum(path.stat().st_size for path in REFERENCE.iterdir()) < 500_000
    assert set(manifest.files) == {path.name for path in REFERENCE.iterdir()} - {MANIFEST}
    assert manifest.ensemble is not None
    assert {"ensemble", "autoencoder", "robust", "naive_autoencoder", "pca_residual", "isolation_forest"} <= set(
        manifest.metrics
    )
