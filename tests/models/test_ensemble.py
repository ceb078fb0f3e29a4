"""The ensemble is a detector like any other, says in log-odds what its parts say, and is calibrated where it learnt."""

from functools import cache

import numpy as np
import pytest
import xgboost

from models import autoencoder
from models.boosting import Boosting, boost
from models.contract import check_detector
from models.dataset import FeatureSet
from models.ensemble import Ensemble
from models.stacking import TREE_FEATURES, Stacked, stack_up
from stream.core.names import FEATURES
from tests.models.histories import a_history

RECIPE = Boosting(trees=30)
COLUMNS = [FEATURES.index(name) for name in TREE_FEATURES]
STRANGER = autoencoder.load(None)


@cache
def fitted() -> tuple[FeatureSet, Stacked]:
    """A stack on a made-up history in which frauds have eight times the amount."""
    data = a_history()
    return data, stack_up(data.x[:, COLUMNS], data.fraud, strangeness(data.x), RECIPE)


def strangeness(x: np.ndarray) -> np.ndarray:
    """Scores of the reference autoencoder."""
    return STRANGER.score(x[:, [FEATURES.index(name) for name in STRANGER.features]])


def an_ensemble() -> Ensemble:
    """The detector over that stack."""
    data, stacked = fitted()
    threshold = stacked.threshold(data.fraud, budget=0.01)
    return Ensemble(
        stacked.trees, TREE_FEATURES, STRANGER, stacked.stack, threshold=threshold, usual={"amount": 40.0}, version="1"
    )


def test_the_ensemble_keeps_the_contract() -> None:
    """Finite, the same bits in any batch, contributions that sum to the score, probabilities that rise with it."""
    detector = check_detector(lambda _: an_ensemble())

    assert detector.usual[detector.features.index("amount")] == 40.0


def test_its_probability_is_the_stackers_of_what_the_library_says() -> None:
    """XGBoost's own probability and the autoencoder's score through the formula of ``Stack``, written out."""
    data, stacked = fitted()
    x = data.x[:, COLUMNS].astype(np.float32)
    share = float(data.fraud.mean())
    library = xgboost.XGBClassifier(
        n_estimators=30, max_depth=4, learning_rate=0.07, subsample=0.7, colsample_bytree=0.6, min_child_weight=3,
        reg_lambda=3, base_score=share, tree_method="exact", n_jobs=1, random_state=1,
    ).fit(x, data.fraud)  # fmt: skip
    theirs = library.predict_proba(x)[:, 1].astype(np.float64)
    stack = stacked.stack
    odds = np.log(theirs / (1 - theirs)) - np.log(share / (1 - share))
    expected = stack.intercept + stack.slope * odds + stack.weight * np.log1p(strangeness(data.x))
    detector = an_ensemble()
    score = detector.score(data.x[:, [FEATURES.index(name) for name in detector.features]])

    found = detector.probability(score)
    assert found is not None
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-expected)), rtol=1e-3)


def test_payments_the_trees_did_not_see_get_the_share_of_frauds_they_have() -> None:
    """The score equation of logistic regression: on the rows it was fitted to, expected frauds are the real ones."""
    data, stacked = fitted()
    detector = an_ensemble()
    found = detector.probability(stacked.unseen)

    assert found is not None
    assert found.sum() == pytest.approx(data.fraud.sum(), rel=1e-3)


def test_each_block_is_scored_by_trees_that_learnt_from_the_others() -> None:
    """The last quarter's scores, done again by hand."""
    data, stacked = fitted()
    x, cut = data.x[:, COLUMNS], 3 * len(data) // 4
    trees, offset = boost(x[:cut], data.fraud[:cut], RECIPE)
    whole, base = boost(x, data.fraud, RECIPE)
    odds = trees.margin(x[cut:]) + offset - base - whole.expected
    stack = stacked.stack
    expected = stack.slope * odds + stack.weight * (np.log1p(strangeness(data.x[cut:])) - stack.ordinary)

    np.testing.assert_allclose(stacked.unseen[cut:], expected, rtol=1e-9)


def test_an_autoencoder_that_points_the_wrong_way_is_left_out() -> None:
    """Where strange payments are the genuine ones, its weight is zero, and the trees are stacked alone."""
    data, _ = fitted()
    wrong = 1.0 + 5.0 * (data.fraud == 0)
    stacked = stack_up(data.x[:, COLUMNS], data.fraud, wrong, RECIPE)

    assert stacked.stack.weight == 0.0
    assert stacked.stack.slope > 0.0


def test_shuffled_verdicts_teach_nothing() -> None:
    """Trained on verdicts dealt out by chance, it ranks the real frauds of unseen rows as chance would: AUC near .5."""
    data, _ = fitted()
    dealt = np.random.default_rng(0).permutation(data.fraud)
    stacked = stack_up(data.x[:, COLUMNS], dealt, np.ones(len(data)), RECIPE)
    frauds, genuine = (stacked.unseen[data.fraud == kind] for kind in (1, 0))
    auc = float((frauds[:, None] > genuine).mean() + (frauds[:, None] == genuine).mean() / 2)

    assert abs(auc - 0.5) < 4 * np.sqrt(1 / (12 * len(frauds)))  # four deviations of a Mann–Whitney statistic
