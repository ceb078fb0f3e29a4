"""Builders of artefacts for tests: the reference one with another threshold, sealed anew."""

import shutil
from pathlib import Path

import msgspec

from models.artifact import MANIFEST, REFERENCE, read_manifest, write_manifest


def an_artefact(folder: Path, factor: float) -> str:
    """Write the reference artefact with all thresholds of its autoencoder times ``factor``; returns its identity."""
    shutil.copytree(REFERENCE, folder)
    (folder / MANIFEST).unlink()
    _, manifest = read_manifest(None)
    operating = manifest.network.operating
    network = msgspec.structs.replace(
        manifest.network, operating=msgspec.structs.replace(operating, threshold=operating.threshold * factor)
    )
    sealed = write_manifest(
        folder,
        network=network,
        baseline=manifest.baseline,
        provenance=manifest.provenance,
        metrics=manifest.metrics,
        ensemble=manifest.ensemble,
    )
    return sealed.identity
