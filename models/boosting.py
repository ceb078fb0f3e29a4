"""Gradient boosting by XGBoost, taken out of it as arrays: the worker needs neither the library nor a pickle."""

import json
from dataclasses import dataclass

import numpy as np
import xgboost

from models.dataset import Ints
from models.detector import Matrix
from models.trees import Trees


@dataclass(frozen=True, slots=True, kw_only=True)
class Boosting:
    """What decides the trees beside the rows. ``tree_method="exact"``: a histogram blurs the few rows that matter."""

    trees: int = 150
    depth: int = 4
    rate: float = 0.07
    rows: float = 0.7  # share drawn for each tree
    columns: float = 0.6  # likewise
    least: float = 3.0  # hessian of a leaf
    ridge: float = 3.0
    seed: int = 1


def boost(x: Matrix, fraud: Ints, recipe: Boosting) -> tuple[Trees, float]:
    """Fit trees to the log-odds of fraud.

    x, fraud  (n, d), (n,)  nan: no history; 1 a fraud
    -> the trees, and the log-odds to which their sum is added
    """
    share = float(fraud.mean())
    library = xgboost.XGBClassifier(
        n_estimators=recipe.trees,
        max_depth=recipe.depth,
        learning_rate=recipe.rate,
        subsample=recipe.rows,
        colsample_bytree=recipe.columns,
        min_child_weight=recipe.least,
        reg_lambda=recipe.ridge,
        base_score=share,
        tree_method="exact",
        n_jobs=1,
        random_state=recipe.seed,
    )
    library.fit(x.astype(np.float32), fraud)
    return taken_out(library.get_booster()), float(np.log(share / (1.0 - share)))


def taken_out(booster: xgboost.Booster) -> Trees:
    """Read the trees of a booster as arrays."""
    stored = json.loads(booster.save_raw("json"))
    trees = stored["learner"]["gradient_booster"]["model"]["trees"]
    sizes = [len(tree["left_children"]) for tree in trees]
    roots = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.int32)

    def joined(name: str, kind: type) -> np.ndarray:
        return np.concatenate([np.array(tree[name], kind) for tree in trees])

    own = joined("left_children", np.int32)
    shift = np.repeat(roots, sizes)
    left, right = own + shift, joined("right_children", np.int32) + shift
    leaf = own == -1
    left[leaf] = right[leaf] = 0
    return Trees(
        roots=roots,
        feature=np.where(leaf, -1, joined("split_indices", np.int32)).astype(np.int32),
        split=joined("split_conditions", np.float32),
        left=left,
        right=right,
        missing=np.where(joined("default_left", np.int32) == 1, left, right).astype(np.int32),
        cover=joined("sum_hessian", np.float32),
    )
