"""Fitting the ensemble: trees on a window whose verdicts are known, and the stacker on what the trees said unseen.

The window is cut into blocks of time; each is scored by trees that learnt from the others, so that the stacker sees the
trees as they are on payments they did not learn from. Source: Wolpert (1992), stacked generalisation.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from models.boosting import Boosting, boost
from models.calibration import conformal_threshold
from models.dataset import Ints
from models.detector import Matrix, Vector
from models.ensemble import Stack, stacked
from models.trees import Trees

TREE_FEATURES = (
    "amount",
    "customer_count_30d",
    "amount_ratio",
    "customer_peak_7d",
    "terminal_fraud_run",
    "terminal_fraud_run_days",
    "terminal_clean_days",
    "terminal_fraud_run_amount",
    "terminal_fraud_run_ratio",
)  # few: a week has some hundred frauds, and what does not help them hurts the rank of the rest
BLOCKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacked:
    """The trees of the whole window, the stacker, and each row's score by trees that had not seen it ``(n,)``."""

    trees: Trees
    stack: Stack
    unseen: Vector

    def threshold(self, fraud: Ints, *, budget: float) -> float:
        """Score that at most a share ``budget`` of genuine payments will reach, above zero."""
        return max(conformal_threshold(self.unseen[fraud == 0], budget=budget), np.finfo(float).eps)


def stack_up(x: Matrix, fraud: Ints, strange: Vector, recipe: Boosting) -> Stacked:
    """Fit trees and stacker.

    x        (n, d) what the trees read, in the order of event time
    fraud    (n,) verdicts, all of them known when this is done
    strange  (n,) autoencoder's scores, which learnt from no verdict
    """
    logs = np.log1p(strange)
    unseen = np.empty(len(x))
    for block in np.array_split(np.arange(len(x)), BLOCKS):
        others = np.setdiff1d(np.arange(len(x)), block)
        trees, offset = boost(x[others], fraud[others], recipe)
        unseen[block] = trees.margin(x[block]) + offset
    trees, offset = boost(x, fraud, recipe)
    stack = _stack(unseen, logs, fraud)
    ordinary = Stack(
        intercept=stack.intercept + stack.slope * offset,
        slope=stack.slope,
        weight=stack.weight,
        ordinary=float(np.median(logs[fraud == 0])),
    )
    margin = unseen - offset - trees.expected
    scores = stacked(margin, strange, ordinary.slope, ordinary.weight, ordinary.ordinary)
    return Stacked(trees=trees, stack=ordinary, unseen=scores)


def _stack(margin: Vector, logs: Vector, fraud: Ints) -> Stack:
    """Logistic regression without a penalty; a part that would count against fraud is left out."""
    fitted = LogisticRegression(C=np.inf, max_iter=1_000).fit(np.column_stack((margin, logs)), fraud)
    slope, weight = (float(value) for value in fitted.coef_[0])
    intercept = float(fitted.intercept_[0])
    if weight < 0.0:
        alone = LogisticRegression(C=np.inf, max_iter=1_000).fit(margin[:, None], fraud)
        slope, weight, intercept = float(alone.coef_[0, 0]), 0.0, float(alone.intercept_[0])
    return Stack(intercept=intercept, slope=max(slope, 0.0), weight=weight, ordinary=0.0)
