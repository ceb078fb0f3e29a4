"""How near a model comes to what can be known: the same configuration in worlds whose patterns nobody told it.

In each world a filter that knows the patterns, but not who is compromised, sets the ceiling; what counts is the share
of the filter's average precision that the ensemble reaches, by the Handbook's protocol.
"""

import statistics
from typing import Any

import msgspec
import numpy as np

from models.dataset import FeatureSet
from models.detector import Vector
from models.evaluation import Ranking
from models.judging.baselines import BASELINES
from models.judging.fold_training import learn
from models.judging.handbook_features import handbook_features
from models.judging.protocol import last_folds
from models.training import Progress, Recipe

_BASELINE = "xgboost"


class WorldFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One world. Average precision per fold, and means.

    patterns  what the world is like
    share     mean of the ensemble over mean of the ceiling
    """

    patterns: dict[str, Any]
    rows: int
    frauds: int
    ensemble: list[float]
    ceiling: list[float]
    baseline: list[float]  # XGBoost on the Handbook's own features
    expected_over_real: list[float]
    ensemble_average_precision: float
    ceiling_average_precision: float
    baseline_average_precision: float
    share: float


class WorldsEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """All worlds of a seed."""

    protocol: str
    source: str
    worlds: list[WorldFigures]
    share: float  # mean over worlds
    least_share: float


def judge_world(
    data: FeatureSet, ceiling: Vector, patterns: dict[str, Any], recipe: Recipe, tell: Progress
) -> WorldFigures:
    """Learn and test on the last four folds of a world's payments.

    ceiling  (n,) probabilities by the filter, in the order of ``data``
    Raises ModelError for a history that is too short.
    """
    customer = data.customer_codes()
    terminal = np.unique(np.asarray(data.terminal), return_inverse=True)[1].astype(np.int64)
    own = handbook_features(data.at, customer, terminal, data.amount, data.fraud)
    found: dict[str, list[float]] = {"ensemble": [], "ceiling": [], "baseline": [], "expected_over_real": []}
    folds = last_folds(data.at, customer, data.fraud)
    for number, fold in enumerate(folds):
        tell(f"fold {number + 1} of {len(folds)}", number / len(folds))
        fraud = data.fraud[fold.test]
        learnt = learn(data, fold, recipe)
        score = learnt.suspicious(data, fold.test)
        probability = learnt.ensemble.probability(score)
        assert probability is not None  # the ensemble's always is
        theirs = BASELINES[_BASELINE](own[fold.train], data.fraud[fold.train], own[fold.test], recipe.seed)
        for name, one in (("ensemble", score), ("ceiling", ceiling[fold.test]), ("baseline", theirs)):
            found[name].append(Ranking(one, fraud).average_precision())
        found["expected_over_real"].append(float(probability.sum() / fraud.sum()))
    means = {name: statistics.fmean(found[name]) for name in ("ensemble", "ceiling", "baseline")}
    return WorldFigures(
        patterns=patterns,
        rows=len(data),
        frauds=int(data.fraud.sum()),
        ensemble=found["ensemble"],
        ceiling=found["ceiling"],
        baseline=found["baseline"],
        expected_over_real=found["expected_over_real"],
        ensemble_average_precision=means["ensemble"],
        ceiling_average_precision=means["ceiling"],
        baseline_average_precision=means["baseline"],
        share=means["ensemble"] / means["ceiling"],
    )


def in_all(worlds: list[WorldFigures], source: str) -> WorldsEvaluation:
    """Put the worlds together."""
    shares = [world.share for world in worlds]
    return WorldsEvaluation(
        protocol="worlds", source=source, worlds=worlds, share=statistics.fmean(shares), least_share=min(shares)
    )
