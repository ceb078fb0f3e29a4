"""The figures of a protocol are those of its folds, and the folds those that scikit-learn would give."""

import importlib
import statistics
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss

from models.judging.baselines import BASELINES
from models.judging.handbook_features import handbook_features
from models.judging.protocol import last_folds
from tests.models.histories import a_history

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def benchmark() -> Any:
    """The module that imports TensorFlow, which takes 20 s."""
    pytest.importorskip("tensorflow", reason="needs the extra: uv sync --extra train")
    return importlib.import_module("models.judging.benchmark")


def test_every_model_is_judged_on_the_same_folds(benchmark: Any) -> None:
    """Forty-four days of made-up payments: means and spreads of four folds, and one baseline done again by hand."""
    data = a_history(days=44, per_day=60, frauds=0.1)
    recipe = importlib.import_module("models.training").Recipe(epochs=1, hidden=(8, 4, 8), budget=0.05)
    told: list[str] = []
    shown: list[Any] = []
    found = benchmark.evaluate(
        data, recipe, source="made up", progress=lambda what, _share: told.append(what), show=shown.append
    )

    everyone = {"ensemble": found.ensemble, "autoencoder": found.autoencoder, **found.baselines, **found.ablation}
    assert set(BASELINES) <= set(everyone)
    for figures in everyone.values():
        weeks = [(one.train_from, one.rows, one.frauds) for one in figures.folds]
        assert weeks == [(one.train_from, one.rows, one.frauds) for one in found.ensemble.folds]
        each = [one.average_precision for one in figures.folds]
        assert figures.average_precision == pytest.approx(statistics.fmean(each))
        assert figures.spread["average_precision"] == pytest.approx(np.std(each, ddof=1))
    customer = data.customer_codes()
    fold = last_folds(data.at, customer, data.fraud)[2]
    own = handbook_features(data.at, customer, np.zeros_like(customer), data.amount, data.fraud)
    score = BASELINES["xgboost"](own[fold.train], data.fraud[fold.train], own[fold.test], recipe.seed)
    third = found.baselines["xgboost"].folds[2]
    assert third.average_precision == pytest.approx(average_precision_score(data.fraud[fold.test], score))
    assert third.brier == pytest.approx(brier_score_loss(data.fraud[fold.test], score))
    assert found.ensemble.average_precision > 2 * data.fraud.mean()  # eight times the amount is found
    assert told[-1].startswith("fold 4 of 4")

    (pictured,) = shown
    first = pictured.subjects[0]
    tested = sum(one.rows for one in found.ensemble.folds)
    brier = sum(one.brier * one.rows for one in found.ensemble.folds) / tested
    assert (first.name, len(first.score), len(pictured.fraud)) == ("ensemble", tested, tested)
    assert np.mean((first.probability - pictured.fraud) ** 2) == pytest.approx(brier, rel=1e-4)
    card = importlib.import_module("models.judging.evaluation_card").evaluation_card(found, ["roc.png"])
    for figures in (found.ensemble, *found.ablation.values()):
        assert f"| {figures.average_precision:.3f} ± {figures.spread['average_precision']:.3f} |" in card
    assert "![roc](roc.png)" in card
