"""The reference: how training's payments were distributed, written beside the weights and read back."""

from pathlib import Path

import numpy as np
import pytest

from models.artifact import read_manifest
from models.reference import FILE, bins_of, fit_reference, read_reference, reference_of, watched, write_reference
from models.robust import load
from stream.core.names import FEATURES
from stream.drift.process import reference_for
from stream.errors import ModelError
from stream.settings import Settings


def test_shares_are_those_of_numpy_with_ties_and_missing_values() -> None:
    """A column of few values, some of them missing: every share is the count of its value over all."""
    values = np.array([0.0] * 50 + [1.0] * 30 + [2.0] * 15 + [np.nan] * 5)
    column = fit_reference({"n": values}).columns["n"]

    assert column.edges == [0.0, 1.0, 2.0]
    assert column.share == pytest.approx([0.5, 0.3, 0.15, 0.0, 0.05])
    assert bins_of(column, np.array([-1.0, 0.0, 0.5, 2.0, 9.0, np.nan])).tolist() == [0, 0, 1, 2, 3, 4]


def test_it_holds_features_and_scores_and_survives_its_file(tmp_path: Path) -> None:
    """Of 2,000 rows: every watched feature and the detector's scores, a hundredth in each bin of a continuous one."""
    x = np.random.default_rng(1).lognormal(size=(2_000, len(FEATURES)))
    reference = reference_of(x, [load(None)])

    write_reference(reference, tmp_path)

    assert read_reference(tmp_path) == reference
    assert tuple(reference.columns) == watched(["robust"])
    assert reference.columns["amount"].share[:-1] == pytest.approx([0.01] * 100, abs=0.002)


def test_the_shipped_artefact_has_one_and_a_monitor_finds_it() -> None:
    """Of its test window, with every column that is watched; its manifest seals it; found by the version on scores."""
    _, manifest = read_manifest(None)
    reference = reference_for(Settings(), manifest.identity)

    assert reference is not None
    assert reference == read_reference(None)
    assert reference.rows == manifest.provenance.rows["test"]
    assert set(reference.columns) == set(watched(["ensemble", "autoencoder", "robust"]))
    assert FILE in manifest.files
    for column in reference.columns.values():
        assert sum(column.share) == pytest.approx(1.0)


def test_an_artefact_without_one_has_none_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    """Older artefacts have no such file; one that can't be read raises with its name."""
    assert read_reference(tmp_path) is None
    (tmp_path / FILE).write_text("{}")

    with pytest.raises(ModelError, match=FILE):
        read_reference(tmp_path)
