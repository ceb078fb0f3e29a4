"""The protocol on the ULB data: what is read, how it is split and weighted, what is found on a made-up part of it."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from models.evaluation import Ranking
from stream.errors import ModelError

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def ulb() -> Any:
    """The module that imports TensorFlow, which takes 20 s."""
    pytest.importorskip("tensorflow", reason="needs the extra: uv sync --extra train")
    return importlib.import_module("models.judging.ulb")


def a_part(n: int = 1500, frauds: int = 60) -> pd.DataFrame:
    """Payments over two days; frauds stand apart in three components; half of the genuine are a uniform draw."""
    chance = np.random.default_rng(5)
    x = chance.normal(size=(n, 28))
    fraud = np.zeros(n, np.int64)
    fraud[chance.choice(n, frauds, replace=False)] = 1
    x[fraud == 1, :3] += 4.0
    frame = pd.DataFrame(x, columns=[f"V{i}" for i in range(1, 29)])
    frame.insert(0, "Time", np.sort(chance.choice(172_800, n, replace=False)))
    frame["Amount"] = np.round(np.exp(chance.normal(3.0, 1.0, n)), 2)
    frame["Class"] = fraud
    frame["uniform"] = (chance.random(n) < 0.5) & (fraud == 0)
    return frame


def test_a_part_is_weighted_to_the_native_share_of_frauds(ulb: Any, tmp_path: Path) -> None:
    """Only the uniform draw is taken of the genuine, and each of them stands for as many as the whole data holds."""
    frame = a_part()
    frame.to_parquet(tmp_path / "part.parquet")
    table = ulb.read_table(tmp_path / "part.parquet")
    drawn = int(frame["uniform"].sum())

    assert len(table.fraud) == drawn + int(frame["Class"].sum())
    assert table.weights[table.fraud == 0].sum() == pytest.approx(284_315)
    assert set(table.weights[table.fraud == 1]) == {1.0}


def test_the_whole_data_weighs_as_it_is_and_is_split_between_the_days(ulb: Any, tmp_path: Path) -> None:
    """Without a column ``uniform`` each row counts once; no payment of the second day comes before one of the first."""
    frame = a_part().drop(columns="uniform")
    frame.sample(frac=1.0, random_state=1).to_csv(tmp_path / "whole.csv", index=False)
    table = ulb.read_table(tmp_path / "whole.csv")
    second = frame["Time"].to_numpy() >= (frame["Time"].min() + frame["Time"].max()) / 2

    assert table.weight == 1.0
    assert table.second.tolist() == second.tolist()
    np.testing.assert_array_equal(table.x[:, 28], frame["Amount"])


def test_what_is_no_such_data_is_refused_by_its_column(ulb: Any, tmp_path: Path) -> None:
    """Another file by mistake; a part without frauds on one day."""
    a_part().drop(columns="V7").to_csv(tmp_path / "other.csv", index=False)
    a_part().assign(Class=0).to_csv(tmp_path / "none.csv", index=False)

    with pytest.raises(ModelError, match="expected column V7"):
        ulb.read_table(tmp_path / "other.csv")
    with pytest.raises(ModelError, match="expected frauds on both days"):
        ulb.read_table(tmp_path / "none.csv")


def test_planted_frauds_are_found_and_figures_repeat(ulb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four deviations in three components: trees find nearly all, the autoencoder most; same seed, same figures."""
    monkeypatch.setattr(ulb, "_EPOCHS", 5)
    a_part().to_parquet(tmp_path / "part.parquet")
    table = ulb.read_table(tmp_path / "part.parquet")
    one, again = (ulb.evaluate(table, seed=3, source="made up", progress=lambda *_: None) for _ in range(2))
    low, high = one.supervised.average_precision_95

    assert one == again
    assert one.supervised.average_precision > 0.8
    assert low <= one.supervised.average_precision <= high
    assert one.autoencoder.roc_auc > 0.9
    assert set(one.baselines) == {"logistic_regression", "pca_residual", "isolation_forest"}


def test_weights_count_rows() -> None:
    """The weighted average precision is scikit-learn's."""
    chance = np.random.default_rng(2)
    fraud = (chance.random(300) < 0.2).astype(np.int64)
    score, weight = chance.normal(fraud, 1.0), np.where(fraud == 1, 1.0, 10.8)

    expected = average_precision_score(fraud, score, sample_weight=weight)
    assert Ranking(score, fraud).average_precision(weight) == pytest.approx(expected, rel=1e-12)
