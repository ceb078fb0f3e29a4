"""Training is honest about time, repeats itself, and is served as it was trained."""

import importlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import autoencoder, ensemble
from models.artifact import REFERENCE, TREES, read_manifest
from models.contract import check_detector
from models.dataset import FeatureSet
from models.evaluation import Ranking
from models.scaling import scale_rows
from stream.core.names import DAY_MS, FEATURES, LABEL_FEATURES
from stream.errors import ModelError
from tests.models.histories import SHORT, a_history, rows

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def training() -> Any:
    """The module that imports TensorFlow, which takes 20 s."""
    pytest.importorskip("tensorflow", reason="needs the extra: uv sync --extra train")
    return importlib.import_module("models.training")


@pytest.fixture(scope="module")
def writing(training: Any) -> Any:  # noqa: ARG001  # skips where training does
    """The module that writes artefacts."""
    return importlib.import_module("models.writing")


def trained(training: Any, data: FeatureSet) -> Any:
    """A training of seconds."""
    recipe = training.Recipe(plan=SHORT, budget=0.02, strange=0.02, epochs=3, hidden=(12, 4, 12))
    return training.train(data, recipe, source="made up", progress=lambda _what, _share: None)


@pytest.fixture(scope="module")
def artefact(training: Any, writing: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artefact of the made-up history."""
    folder: Path = tmp_path_factory.mktemp("model") / "new"
    writing.write_artifact(trained(training, a_history()), folder)
    return folder


def test_same_data_same_figures(training: Any, writing: Any, artefact: Path, tmp_path: Path) -> None:
    """Trained again from the same history and seed: figures, weights, card and identity, byte for byte."""
    writing.write_artifact(trained(training, a_history()), tmp_path / "again")

    for name in ("metrics.json", "weights.npz", "trees.npz", "card.md", "scores.png"):
        assert (tmp_path / "again" / name).read_bytes() == (artefact / name).read_bytes(), name
    assert autoencoder.load(tmp_path / "again").version == autoencoder.load(artefact).version


@pytest.mark.parametrize("which", ["new", "reference"])
def test_served_scores_equal_those_of_keras(training: Any, artefact: Path, which: str) -> None:  # noqa: ARG001
    """The ``.keras`` file of the artefact, opened by Keras itself, against the frozen weights: 1e-5."""
    import keras  # noqa: PLC0415  # 20 s

    folder = artefact if which == "new" else REFERENCE
    detector = autoencoder.load(folder)
    model = keras.models.load_model(folder / "autoencoder.keras", safe_mode=True)
    x = rows(500, seed=9)[:, [FEATURES.index(name) for name in detector.features]]
    scaled = scale_rows(x, detector.scaling)
    residual = np.abs((scaled - model.predict(scaled, verbose=0)).astype(np.float64)[:, detector.judged])
    size, nats = detector.surprise.size, detector.surprise.nats
    oracle = np.zeros(len(x))
    for j, column in enumerate(residual.T):
        steepness = (nats[j, -1] - nats[j, -2]) / (size[j, -1] - size[j, -2])
        oracle += np.interp(column, size[j], nats[j]) + steepness * np.maximum(column - size[j, -1], 0.0)

    np.testing.assert_allclose(detector.score(x), oracle, rtol=1e-4)


def test_the_autoencoder_reads_no_verdict(artefact: Path) -> None:
    """Nothing derived from labels is among its features, in what is trained and in what ships."""
    for folder in (artefact, REFERENCE):
        assert LABEL_FEATURES.isdisjoint(autoencoder.load(folder).features)


def test_planted_frauds_are_found_on_the_later_window(training: Any) -> None:
    """Eight times the amount and a z of 12: ranked far above chance; the naive network alerts on everything."""
    report = trained(training, a_history()).report

    assert report.figures["autoencoder"].average_precision > 10 * report.base_rate
    assert report.figures["robust"].average_precision > 10 * report.base_rate
    assert report.figures["naive_autoencoder"].alerts_per_1000_genuine > 500


def test_what_comes_after_training_changes_no_weight(training: Any) -> None:
    """Another test window and other labels not yet known: the same scaling, weights and thresholds."""
    data = a_history()
    recipe = training.Recipe(plan=SHORT, budget=0.02, strange=0.02, epochs=2, hidden=(12, 4, 12))
    split = training.split_by_time(data.at, SHORT)
    last = data.at >= split.test[0]
    unknown = (data.at >= split.train[1] - DAY_MS) & (data.at < split.train[1])
    changed = replace(
        data,
        x=np.where(last[:, None], data.x * 3.0, data.x),
        fraud=np.where(last | unknown, 1 - data.fraud, data.fraud),
    )
    one, other = (
        training.train(each, recipe, source="", progress=lambda _what, _share: None) for each in (data, changed)
    )

    assert one.network == other.network
    assert one.baseline == other.baseline
    for weights, others in zip(one.fitted.model.get_weights(), other.fitted.model.get_weights(), strict=True):
        assert weights.tobytes() == others.tobytes()
    assert one.fitted.surprise.size.tobytes() == other.fitted.surprise.size.tobytes()
    assert one.taught.stacking == other.taught.stacking
    for mine, theirs in zip(one.taught.trees.arrays, other.taught.trees.arrays, strict=True):
        assert mine.tobytes() == theirs.tobytes()


def test_groups_stand_in_the_card_and_change_no_model(
    training: Any, writing: Any, artefact: Path, tmp_path: Path
) -> None:
    """Half of the customers are of one group: the same identity and weights, and rates and gaps of both groups."""
    data = a_history()
    recipe = training.Recipe(plan=SHORT, budget=0.02, strange=0.02, epochs=3, hidden=(12, 4, 12))
    groups = {name: "odd" if int(name[1:]) % 2 else "even" for name in data.customer}
    done = training.train(data, recipe, source="made up", progress=lambda _what, _share: None, groups=groups)
    manifest = writing.write_artifact(done, tmp_path / "grouped")
    served = done.report.fairness["ensemble"]

    assert manifest.identity == read_manifest(artefact)[1].identity
    assert [one.group for one in served.groups] == ["even", "odd"]
    assert sum(one.payments for one in served.groups) == done.report.rows
    assert served.gap_genuine_alert_ratio is not None
    card = (tmp_path / "grouped" / "card.md").read_text()
    assert "## Groups of customers" in card
    assert f"| ensemble | greatest less least | | | {served.gap_genuine_alert_ratio:.2%} |" in card
    assert "## Groups of customers" not in (artefact / "card.md").read_text()


def test_a_history_with_hardly_a_fraud_gets_no_ensemble(training: Any, writing: Any, tmp_path: Path) -> None:
    """The other detectors are trained all the same; the artefact says that it has none."""
    writing.write_artifact(trained(training, a_history(frauds=0.004)), tmp_path / "rare")

    assert autoencoder.load(tmp_path / "rare").threshold > 0
    with pytest.raises(ModelError, match="expected an ensemble, was none"):
        ensemble.load(tmp_path / "rare")


def test_the_ensemble_of_an_artefact_is_served_as_it_was_judged(training: Any, artefact: Path) -> None:
    """Loaded from files it keeps the contract, and its average precision on the test window is the artefact's."""
    data = a_history()
    detector = check_detector(ensemble.load, artefact, x=data.x[:50])
    assert isinstance(detector, ensemble.Ensemble)
    test = data.at >= training.split_by_time(data.at, SHORT).test[0]
    places = [FEATURES.index(name) for name in detector.features]
    score = detector.score(data.x[np.ix_(test, places)])

    expected = read_manifest(artefact)[1].metrics["ensemble"]["average_precision"]
    assert Ranking(score, data.fraud[test]).average_precision() == pytest.approx(expected)


def test_an_artefact_whose_trees_were_changed_is_refused(artefact: Path, tmp_path: Path) -> None:
    """A byte of them, or the whole file gone."""
    folder = Path(shutil.copytree(artefact, tmp_path / "copy"))
    content = bytearray((folder / TREES).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / TREES).write_bytes(content)
    with pytest.raises(ModelError, match=r"trees\.npz: expected SHA-256"):
        ensemble.load(folder)
    (folder / TREES).unlink()
    with pytest.raises(ModelError, match=r"trees\.npz: expected beside manifest\.json"):
        ensemble.load(folder)


def test_known_frauds_are_not_learnt_from(training: Any) -> None:
    """Of the training window only rows that are genuine, or whose verdict was still to come."""
    data = a_history(frauds=0.2)
    split = training.split_by_time(data.at, SHORT)
    within = (data.at >= split.train[0]) & (data.at < split.train[1])
    known = within & (data.fraud == 1) & (data.at + DAY_MS <= split.train[1])

    assert trained(training, data).provenance.rows["train"] == within.sum() - known.sum()


def test_a_folder_of_other_things_is_not_written_into(training: Any, writing: Any, tmp_path: Path) -> None:
    """--out at a home folder by mistake."""
    (tmp_path / "thesis.tex").write_text("years of work")

    with pytest.raises(ModelError, match=r"thesis\.tex"):
        writing.write_artifact(trained(training, a_history()), tmp_path)


def test_usual_values_are_medians_of_what_was_learnt_from(training: Any) -> None:
    """By numpy, nan left out; None for a column that holds nothing else."""
    x = rows(200)
    x[:, 5] = np.nan
    usual = training.usual(x)

    assert usual[5] is None
    assert usual[0] == np.nanmedian(x[:, 0])
    assert len(usual) == len(FEATURES)
